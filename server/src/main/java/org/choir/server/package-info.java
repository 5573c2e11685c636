/** Room {@code server}. */
@NullMarked
package org.choir.server;

import org.jspecify.annotations.NullMarked;
