/** Room {@code vibewriter}. */
@NullMarked
package org.choir.vibewriter;

import org.jspecify.annotations.NullMarked;
