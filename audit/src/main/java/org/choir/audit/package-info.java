/**
 * Room {@code audit}: what happened, provably. One Merkle log per tenant in the public C2SP formats
 * (tlog-tiles, tlog-checkpoint, signed-note, tlog-proof, tlog-cosignature), the proofs from it, the
 * anchors outside it, and a verifier that takes any such log. It may touch the folder of the log it
 * is given, the data keys that wrap a log's signing key, and, in its adapters, a database,
 * DynamoDB, a timestamp authority or a witness. Clock, randomness and threads are handed in. It
 * deliberately knows nothing of how a decision is made or of what runs: an entry is bytes to the
 * log.
 */
@NullMarked
package org.choir.audit;

import org.jspecify.annotations.NullMarked;
