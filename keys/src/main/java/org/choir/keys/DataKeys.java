package org.choir.keys;

import org.choir.core.TenantId;

/**
 * The port to the keys that data at rest is encrypted under: one data key per tenant, never handed
 * out, only used. Implementations: a file, and later a KMS. Thread-safe.
 */
public interface DataKeys {

  /**
   * Encrypts under the tenant's current data key with AES-256-GCM and a fresh nonce.
   *
   * @param associated authenticated but not encrypted; the same bytes must be given to {@link
   *     #open}
   */
  Sealed seal(TenantId tenant, byte[] plain, byte[] associated);

  /**
   * Decrypts.
   *
   * @throws org.choir.core.ChoirException {@code unknown_key} if the key with that id is gone,
   *     {@code not_authentic} if the ciphertext, the tenant or the associated data is not the one
   *     that was sealed
   */
  byte[] open(TenantId tenant, Sealed sealed, byte[] associated);
}
