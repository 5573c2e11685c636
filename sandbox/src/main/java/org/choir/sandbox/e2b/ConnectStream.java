package org.choir.sandbox.e2b;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.sandbox.ExecOutput;
import org.choir.sandbox.SandboxException;
import org.jspecify.annotations.Nullable;

/**
 * A command's events as the Connect protocol streams them: envelopes of one flag byte, four bytes
 * of length and JSON; the last has flag 2 and may carry an error. A stream that ends without the
 * command's end tells nothing of what became of it.
 */
final class ConnectStream {
  private static final int ENVELOPE_BYTES_MAX = 4 << 20;
  private static final int END = 2;

  private final String sandbox;
  private final InputStream stream;

  ConnectStream(String sandbox, InputStream stream) {
    this.sandbox = sandbox;
    this.stream = stream;
  }

  static byte[] envelope(byte[] message) {
    return ByteBuffer.allocate(5 + message.length)
        .put((byte) 0)
        .putInt(message.length)
        .put(message)
        .array();
  }

  static SandboxException lost(String sandbox, String why, @Nullable Throwable cause) {
    return SandboxException.passing(
        "guest_lost", "the sandbox " + sandbox + ": " + why, "obtain another one", cause);
  }

  /** Passes output on until the command's end. */
  int exitCode(ExecOutput output) throws IOException {
    DataInputStream in = new DataInputStream(stream);
    Integer code = null;
    while (true) {
      int flags = in.read();
      if (flags < 0) {
        throw new EOFException("it ended before the command");
      }
      int length = in.readInt();
      if (length < 0 || length > ENVELOPE_BYTES_MAX) {
        throw new IOException("an envelope of " + length + " bytes");
      }
      byte[] text = in.readNBytes(length);
      if (text.length < length) {
        throw new EOFException("it ended within an envelope");
      }
      JsonNode message;
      try {
        message = Json.parse(text);
      } catch (ChoirException e) {
        throw new IOException("an envelope that is no JSON", e);
      }
      if ((flags & END) != 0) {
        if (message.has("error")) {
          throw error(message.path("error"));
        }
        if (code == null) {
          throw new EOFException("it ended before the command");
        }
        return code;
      }
      JsonNode event = message.path("event");
      JsonNode data = event.path("data");
      if (data.path("stdout").isTextual()) {
        output.stdout(data.path("stdout").binaryValue());
      }
      if (data.path("stderr").isTextual()) {
        output.stderr(data.path("stderr").binaryValue());
      }
      if (event.has("end") && code == null) {
        // A zero is left out, as in all of protobuf's JSON.
        code = event.path("end").path("exitCode").asInt(0);
      }
    }
  }

  private SandboxException error(JsonNode said) {
    String code = said.path("code").asText();
    String message =
        "the sandbox %s refused a command (%s): %s"
            .formatted(sandbox, code, Text.visible(said.path("message").asText(), 200));
    return switch (code) {
      case "unauthenticated", "permission_denied" ->
          SandboxException.lasting("service_refused_key", message, "");
      case "deadline_exceeded" ->
          SandboxException.passing("guest_unresponsive", message, "obtain another one", null);
      default -> SandboxException.passing("guest_lost", message, "obtain another one", null);
    };
  }
}
