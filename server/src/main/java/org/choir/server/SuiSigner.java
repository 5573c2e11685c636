package org.choir.server;

import java.util.Base64;
import java.util.HexFormat;
import org.choir.core.TenantId;
import org.choir.economy.ChainSigner;
import org.choir.sandbox.Signers;
import org.choir.sandbox.Signing;
import org.choir.sandbox.SigningKey;

/**
 * A user's key for the chain: it lies in their signer VM and signs a transaction's digest there.
 */
final class SuiSigner implements ChainSigner {
  private static final String CONTEXT = "sui/v1";

  private final Signers signers;
  private final TenantId user;

  SuiSigner(Signers signers, TenantId user) {
    this.signers = signers;
    this.user = user;
  }

  @Override
  public byte[] publicKey() {
    // From the registry where there is one: it is asked for every payment, and a VM takes seconds.
    SigningKey key =
        signers.keys(user).stream()
            .filter(known -> known.lostMillis() == 0)
            .findFirst()
            .orElseGet(() -> signers.key(user));
    return Base64.getDecoder().decode(key.base64());
  }

  @Override
  public byte[] sign(byte[] digest) {
    String id = Signing.PERSON + ":" + HexFormat.of().formatHex(digest).substring(0, 16) + ":0";
    return signers
        .sign(new Signing(user, Signing.PERSON, id, CONTEXT, Signing.Form.BARE, digest))
        .signature();
  }
}
