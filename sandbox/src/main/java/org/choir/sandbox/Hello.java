package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HexFormat;
import java.util.Set;
import org.choir.core.Text;

/**
 * What a guest says of itself, first of all.
 *
 * @param token lets the next host process resynchronise with a guest that runs
 * @param controllers of the control groups that it could set up for its commands
 * @param protocol the highest version that both sides speak
 */
record Hello(
    String agent, String bootId, int generation, byte[] token, String controllers, int protocol) {
  private static final Set<String> FIELDS =
      Set.of("agent", "protocolMin", "protocolMax", "bootId", "generation", "token", "controllers");

  /**
   * @throws SandboxException {@code protocol_error} for what is no hello that this host can answer
   */
  static Hello parse(JsonNode said) {
    said.fieldNames()
        .forEachRemaining(
            field -> {
              if (!FIELDS.contains(field)) {
                throw FrameCutter.protocolError(
                    "unknown field " + Text.visible(field, 40) + " in its hello");
              }
            });
    int min = said.path("protocolMin").asInt(-1);
    int max = said.path("protocolMax").asInt(-1);
    if (min > max || min > Frame.PROTOCOL || max < Frame.PROTOCOL_MIN) {
      throw FrameCutter.protocolError(
          "it speaks versions %d to %d, this host %d to %d"
              .formatted(min, max, Frame.PROTOCOL_MIN, Frame.PROTOCOL));
    }
    int protocol = Math.min(max, Frame.PROTOCOL);
    String token = said.path("token").asText();
    if (!token.matches("[0-9a-f]{32}")) {
      throw FrameCutter.protocolError("a hello without a token");
    }
    return new Hello(
        Text.visible(said.path("agent").asText(), 40),
        Text.visible(said.path("bootId").asText(), 60),
        said.path("generation").asInt(),
        HexFormat.of().parseHex(token),
        Text.visible(said.path("controllers").asText(), 60),
        protocol);
  }
}
