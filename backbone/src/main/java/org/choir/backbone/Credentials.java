package org.choir.backbone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.keys.PrivateFiles;
import org.jspecify.annotations.Nullable;

/**
 * The two identities that nats-server knows. Their private halves lie in one file of mode 0600 and
 * nowhere else: the server's configuration holds the public halves.
 *
 * @param choir reads and appends
 * @param archiver may do nothing but purge
 */
record Credentials(Nkey choir, Nkey archiver) {

  /** Reads the file, or makes it with fresh random keys. */
  static Credentials open(Path file) throws IOException {
    if (!Files.exists(file)) {
      ObjectNode json = Json.object();
      write(json.putObject("choir"), Nkey.create());
      write(json.putObject("archiver"), Nkey.create());
      PrivateFiles.write(file, Json.pretty(json).getBytes(StandardCharsets.UTF_8));
    }
    if (!PrivateFiles.isPrivate(file)) {
      throw ChoirException.fatal(
          "credentials_unsafe",
          "other users of this machine may read " + file,
          "delete it while Choir is down: fresh credentials are made at the next start");
    }
    try {
      ObjectNode json = Json.parseObject(Files.readString(file));
      return new Credentials(read(json.required("choir")), read(json.required("archiver")));
    } catch (IllegalArgumentException e) {
      throw damaged(file, e);
    } catch (ChoirException e) {
      // Without the cause: a parser's message may quote what it read.
      throw damaged(file, null);
    }
  }

  private static void write(ObjectNode json, Nkey key) {
    json.put("name", key.name()).put("secret", key.secretText());
  }

  private static Nkey read(JsonNode json) {
    return Nkey.read(json.required("name").asText(), json.required("secret").asText());
  }

  private static ChoirException damaged(Path file, @Nullable Throwable cause) {
    return ChoirException.fatal(
        "credentials_damaged",
        file + " does not hold the credentials of the NATS server",
        "delete it while Choir is down: fresh ones are made at the next start",
        cause);
  }
}
