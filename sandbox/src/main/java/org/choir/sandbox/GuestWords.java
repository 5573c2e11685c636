package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.Text;

/** Reads what a guest says. Nothing of it is believed beyond its form. */
final class GuestWords {
  private GuestWords() {}

  /** A control body, at most {@link Frame#CONTROL_MAX} bytes. */
  static JsonNode json(Frame frame) {
    if (frame.body().length > Frame.CONTROL_MAX) {
      throw FrameCutter.protocolError("a control body of " + frame.body().length + " bytes");
    }
    return Json.parseObject(new String(frame.body(), StandardCharsets.UTF_8));
  }

  /** A guest's refusal. Its words are shown, its code is believed only if it has a code's form. */
  static SandboxException failure(JsonNode said) {
    String code = said.path("code").asText();
    if (code.equals("conflict") && said.has("digest")) {
      String digest = said.path("digest").asText();
      return new FileConflictException(
          Text.visible(said.path("message").asText(), 300),
          digest.matches("[0-9a-f]{64}") ? new Digest(digest) : null,
          null);
    }
    return SandboxException.lasting(
        code.matches("[a-z][a-z0-9_]{0,40}") ? code : "agent_error",
        Text.visible(said.path("message").asText(), 300),
        "");
  }
}
