/**
 * A user's year in the economy, lived over the real parts: told by {@code choir demo economy} and
 * asserted by a test. It adds no rule; it only does what users, operators and banks do.
 */
@NullMarked
package org.choir.economy.demo;

import org.jspecify.annotations.NullMarked;
