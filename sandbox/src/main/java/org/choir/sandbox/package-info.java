/** Room {@code sandbox}. */
@NullMarked
package org.choir.sandbox;

import org.jspecify.annotations.NullMarked;
