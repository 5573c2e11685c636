/**
 * Runloop's devboxes as a place for VMs, over its REST interface. It may touch Runloop with the one
 * key it is given. It deliberately knows nothing of what runs in a devbox.
 */
@NullMarked
package org.choir.sandbox.runloop;

import org.jspecify.annotations.NullMarked;
