package org.choir.economy;

import org.choir.core.TenantId;

/**
 * Somebody who signs transactions of a chain with an Ed25519 key that this process need not hold. A
 * user's key lies in that user's signer VM and never leaves it; the treasury's is a credential of
 * the platform. Thread-safe.
 */
public interface ChainSigner {
  /** The public key, 32 bytes (RFC 8032). */
  byte[] publicKey();

  /**
   * A signature over exactly these bytes, with nothing before them.
   *
   * @param digest 32 bytes: the hash of a transaction that the adapter has built
   * @return 64 bytes
   * @throws org.choir.core.ChoirException if it is not signed: refused, held for a person, or the
   *     signer is out of reach
   */
  byte[] sign(byte[] digest);

  /** The signers of users. */
  @FunctionalInterface
  interface Users {
    /** Signs as this user, after what a signature of that user needs (a gate, a person). */
    ChainSigner of(TenantId user);
  }
}
