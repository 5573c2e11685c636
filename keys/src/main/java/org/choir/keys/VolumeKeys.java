package org.choir.keys;

import org.choir.core.TenantId;

/**
 * The port to the keys of encrypted volumes: {@value #KEY_BYTES} random bytes for each tenant and
 * volume. Unlike {@link DataKeys} it hands its keys out, since a volume is opened in a guest: who
 * fetches one clears the array when it has been used. Implementations: files, and later a KMS.
 * Thread-safe.
 */
public interface VolumeKeys {
  /** What AES-256 in XTS mode takes. */
  int KEY_BYTES = 64;

  /**
   * Makes the key of a new volume.
   *
   * @throws org.choir.core.ChoirException {@code volume_key_exists}: nothing is overwritten
   */
  byte[] create(TenantId tenant, String volume);

  /**
   * The key of a volume.
   *
   * @throws org.choir.core.ChoirException {@code no_volume_key} if there is none or it was
   *     forgotten
   */
  byte[] fetch(TenantId tenant, String volume);

  /** Whether there is one. */
  boolean has(TenantId tenant, String volume);

  /** Throws the key away: what lies on the volume is gone for good. Without effect if it is. */
  void forget(TenantId tenant, String volume);
}
