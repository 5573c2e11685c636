/** Room {@code bench}. */
@NullMarked
package org.choir.bench;

import org.jspecify.annotations.NullMarked;
