/** Room {@code cli}. */
@NullMarked
package org.choir.cli;

import org.jspecify.annotations.NullMarked;
