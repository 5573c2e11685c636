/** Adapter: anchors that a time stamping authority signs (RFC 3161). */
@NullMarked
package org.choir.audit.timestamp;

import org.jspecify.annotations.NullMarked;
