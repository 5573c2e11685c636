/** Room {@code knowledge}. */
@NullMarked
package org.choir.knowledge;

import org.jspecify.annotations.NullMarked;
