/**
 * The long-lived process that owns a {@code $CHOIR_HOME}: its folders and lock, its configuration,
 * the wiring of all rooms, the runs that go on side by side, and the control socket that every
 * command speaks to. Platform credentials are read here and handed to one adapter each. It may
 * touch every room below it; it deliberately knows nothing about terminals, colours and command
 * line options.
 */
@NullMarked
package org.choir.server;

import org.jspecify.annotations.NullMarked;
