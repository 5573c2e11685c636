package org.choir.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.core.Text;
import org.choir.sandbox.Signers;
import org.choir.sandbox.Signing;
import org.choir.sandbox.SigningKey;

/** What a person does with their signing key: look at it, sign a file, give it up. */
final class SignCommands {
  private static final int CHUNK = 1 << 16;

  private final Signers signers;

  SignCommands(Signers signers) {
    this.signers = signers;
  }

  ObjectNode handle(Request request, Request.Events events) {
    events.send(Json.object().put("progress", "asking the signer of " + request.user()));
    return switch (request.command()) {
      case "vm.sign" -> sign(request);
      case "vm.key" -> key(request);
      default -> throw new IllegalArgumentException(request.command());
    };
  }

  private ObjectNode sign(Request request) {
    Digest digest = digest(Path.of(request.text("file")));
    Signing signing =
        new Signing(
            request.user(),
            Signing.PERSON,
            Signing.PERSON + ":" + digest.prefix(16) + ":0",
            request.text("context"),
            Signing.Form.SHA256,
            HexFormat.of().parseHex(digest.hex()));
    Signers.Signed signed = signers.sign(signing);
    ObjectNode answer =
        Json.object()
            .put("key", signed.key().base64())
            .put("signature", Base64.getEncoder().encodeToString(signed.signature()))
            .put("context", signing.context())
            .put("form", signing.form().word())
            .put("digest", digest.hex())
            .put("signed", Base64.getEncoder().encodeToString(signing.signedBytes()));
    signed.notice().ifPresent(notice -> answer.put("notice", notice));
    return answer;
  }

  private ObjectNode key(Request request) {
    TenantId user = request.user();
    SigningKey key = request.flag("new") ? signers.replace(user) : signers.key(user);
    ObjectNode answer = Json.object().put("key", key.base64());
    ArrayNode all = answer.putArray("keys");
    for (SigningKey each : signers.keys(user)) {
      all.addObject()
          .put("key", each.base64())
          .put("state", each.state())
          .put("made_millis", each.madeMillis())
          .put("lost_millis", each.lostMillis());
    }
    return answer;
  }

  private static Digest digest(Path file) {
    MessageDigest sha256 = Digest.sha256();
    try (InputStream in = Files.newInputStream(file)) {
      byte[] chunk = new byte[CHUNK];
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        sha256.update(chunk, 0, n);
      }
      return Digest.finish(sha256);
    } catch (IOException e) {
      throw ChoirException.usage(
          "cannot_read",
          "cannot read " + file + ": " + Text.visible(String.valueOf(e.getMessage()), 160),
          "check that it exists and its permissions");
    }
  }
}
