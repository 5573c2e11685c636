package org.choir.economy;

import java.util.List;
import org.choir.core.TenantId;

/** The public keys that are registered for a user, from wherever they are kept. */
@FunctionalInterface
public interface UserKeys {
  /**
   * A registered key.
   *
   * @param base64 its 32 bytes, Ed25519 (RFC 8032)
   * @param active whether its private half still signs; a lost one signs nothing new
   */
  record UserKey(String base64, boolean active) {}

  /** All that ever signed for this user; empty if none did. */
  List<UserKey> of(TenantId user);
}
