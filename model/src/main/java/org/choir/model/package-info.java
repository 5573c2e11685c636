/** Room {@code model}. */
@NullMarked
package org.choir.model;

import org.jspecify.annotations.NullMarked;
