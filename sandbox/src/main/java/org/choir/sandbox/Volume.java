package org.choir.sandbox;

import java.nio.file.Path;
import org.choir.core.TenantId;

/**
 * An encrypted volume: a raw file of this host that holds LUKS2, opened only in a guest.
 *
 * @param name among its tenant's volumes; {@link #SIGNER} is the one that keys lie on
 * @param bytes the file's size; what is not written takes no space
 */
public record Volume(TenantId tenant, String name, Path file, long bytes) {
  /** The volume of a tenant's signer. A VM that carries it runs no tools. */
  public static final String SIGNER = "signer";

  /** Under which name a guest finds any other volume; it mounts it at {@code /volume}. */
  static final String PLAIN = "volume";

  /** As a disk of a VM to create. */
  public VmSpec.Volume disk() {
    return new VmSpec.Volume(name.equals(SIGNER) ? SIGNER : PLAIN, file);
  }
}
