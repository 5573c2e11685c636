package org.choir.sandbox;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Pattern;
import org.choir.core.AgentId;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.core.Text;

/**
 * A signature that somebody wants.
 *
 * @param agent who asks; {@link #PERSON} for the tenant's own hand
 * @param actionId unique and stable over retries, as an action's
 * @param context what the signature is for, so that it is of no use for anything else: lower-case
 *     letters, digits, {@code . / _ -}, at most 64
 * @param message 32 bytes for {@link Form#SHA256} and {@link Form#BARE}, at most 64 KiB for {@link
 *     Form#BYTES}
 */
public record Signing(
    TenantId tenant, AgentId agent, String actionId, String context, Form form, byte[] message) {
  /** Stands for the person at the command line. */
  public static final AgentId PERSON = new AgentId("rperson");

  static final int MESSAGE_MAX = 64 << 10;
  private static final String LABEL = "choir signature 1";
  private static final Pattern CONTEXT = Pattern.compile("[a-z0-9][a-z0-9./_-]{0,63}");

  /** What a message is. */
  public enum Form {
    /** The SHA-256 digest of what is signed. */
    SHA256,
    /** The canonical bytes themselves. */
    BYTES,
    /**
     * A digest of 32 bytes that another system wants signed with nothing before it, such as a
     * chain's of a transaction. It must not look like what the other forms sign.
     */
    BARE;

    /** The word inside the signed bytes. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public Signing {
    if (!CONTEXT.matcher(context).matches()) {
      throw SandboxException.lasting(
          "bad_context",
          "'" + Text.visible(context, 70) + "' is no context of a signature",
          "use lower-case letters, digits, . / _ - (at most 64), such as report/v1");
    }
    boolean fits =
        switch (form) {
          case SHA256 -> message.length == 32;
          case BYTES -> message.length <= MESSAGE_MAX;
          case BARE -> message.length == 32 && !labelled(message);
        };
    if (!fits) {
      throw SandboxException.lasting(
          "bad_message",
          "a message of " + message.length + " bytes in the form " + form.word(),
          "sign the SHA-256 digest of what is longer than " + MESSAGE_MAX + " bytes");
    }
  }

  private static boolean labelled(byte[] message) {
    return new String(message, StandardCharsets.ISO_8859_1).startsWith(LABEL);
  }

  /**
   * What the signature is over: {@code choir signature 1}, the context and the form's word, each
   * with a line feed, then the message. For {@link Form#BARE} the message alone.
   */
  public byte[] signedBytes() {
    if (form == Form.BARE) {
      return message.clone();
    }
    byte[] head =
        (LABEL + "\n" + context + "\n" + form.word() + "\n").getBytes(StandardCharsets.UTF_8);
    byte[] all = new byte[head.length + message.length];
    System.arraycopy(head, 0, all, 0, head.length);
    System.arraycopy(message, 0, all, head.length, message.length);
    return all;
  }

  /** The digest that is recorded: the message itself if it is one, else its SHA-256. */
  Digest digest() {
    return form != Form.BYTES
        ? new Digest(java.util.HexFormat.of().formatHex(message))
        : Digest.of(message);
  }
}
