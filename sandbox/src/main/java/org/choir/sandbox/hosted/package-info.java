/**
 * What hosted services for sandboxes have in common: a VM of theirs as a {@link
 * org.choir.sandbox.Vm}, commands and files by small scripts of a shell that every Linux has, calls
 * over HTTP with deadlines. It may touch nothing but the service it was given. It deliberately
 * knows no service by name.
 *
 * <p>A hosted VM is the service's: there is no boundary of ours around it, no key of ours in it,
 * and whoever runs the service can read it. What a service cannot promise is missing from its
 * capabilities.
 */
@NullMarked
package org.choir.sandbox.hosted;

import org.jspecify.annotations.NullMarked;
