package org.choir.economy.sui;

import java.util.Base64;
import java.util.List;
import java.util.OptionalLong;

/**
 * A programmable transaction, version 1 of Sui's transaction data: all that is signed.
 *
 * @param sender who acts
 * @param gas who pays, which may be a sponsor
 * @param lastEpoch the last epoch of the network in which it may be executed; empty for ever
 */
record TransactionData(
    List<CallArg> inputs,
    List<Command> commands,
    SuiAddress sender,
    Gas gas,
    OptionalLong lastEpoch) {
  /** Scope "transaction data", version 0, application "Sui". */
  private static final byte[] INTENT = {0, 0, 0};

  /**
   * What the execution may cost.
   *
   * @param payment coins that are used up, in this order
   * @param price of a unit, in MIST (10^-9 SUI)
   * @param budget the most it may cost, in MIST
   */
  record Gas(List<ObjectRef> payment, SuiAddress owner, long price, long budget) {}

  /** Its canonical bytes. */
  byte[] bytes() {
    BcsWriter out = new BcsWriter();
    out.uleb(0).uleb(0).vector(inputs, each -> each.write(out));
    out.vector(commands, each -> each.write(out));
    out.address(sender);
    out.vector(gas.payment(), each -> each.write(out));
    out.address(gas.owner()).u64(gas.price()).u64(gas.budget());
    if (lastEpoch.isPresent()) {
      out.uleb(1).u64(lastEpoch.getAsLong());
    } else {
      out.uleb(0);
    }
    return out.done();
  }

  /** The name of a transaction with these bytes, in Base58. */
  static String digest(byte[] bytes) {
    return Hashes.base58(Hashes.named("TransactionData", bytes));
  }

  /** The 32 bytes that its sender and its sponsor sign: the Blake2b-256 of the intent message. */
  static byte[] signed(byte[] bytes) {
    return Hashes.blake2b(INTENT, bytes);
  }

  /** A signature as it travels: flag, signature and public key, in base64. */
  static String serialized(byte[] signature, byte[] publicKey) {
    if (signature.length != Ed25519.SIGNATURE_BYTES) {
      throw new IllegalArgumentException("a signature of " + signature.length + " bytes");
    }
    return Base64.getEncoder()
        .encodeToString(
            new BcsWriter().u8(SuiAddress.ED25519).fixed(signature).fixed(publicKey).done());
  }
}
