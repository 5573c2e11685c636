/**
 * E2B's sandboxes as a place for VMs: its REST interface for their life, the daemon in each of them
 * (Connect protocol in JSON, and files over HTTP) for what is done inside. It may touch E2B with
 * the one key it is given. It deliberately knows nothing of what runs in a sandbox.
 */
@NullMarked
package org.choir.sandbox.e2b;

import org.jspecify.annotations.NullMarked;
