/** Room {@code agent}. */
@NullMarked
package org.choir.agent;

import org.jspecify.annotations.NullMarked;
