package org.choir.backbone;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nats.client.AuthHandler;
import io.nats.client.NKey;
import io.nats.client.Nats;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.keys.PrivateFiles;
import org.jspecify.annotations.Nullable;

/**
 * The two identities that nats-server knows, as nkeys (Ed25519): their seeds lie in one file of
 * mode 0600, and the server's configuration holds the public halves only.
 */
final class Credentials {
  private final char[] choir;
  private final char[] archiver;

  private Credentials(char[] choir, char[] archiver) {
    this.choir = choir;
    this.archiver = archiver;
  }

  /** Reads the file, or makes it with fresh random seeds. */
  static Credentials open(Path file) throws IOException {
    try {
      if (!Files.exists(file)) {
        SecureRandom random = new SecureRandom();
        ObjectNode json = Json.object();
        json.put("choir", new String(NKey.createUser(random).getSeed()));
        json.put("archiver", new String(NKey.createUser(random).getSeed()));
        PrivateFiles.write(file, Json.pretty(json).getBytes(StandardCharsets.UTF_8));
      }
      if (!PrivateFiles.isPrivate(file)) {
        throw ChoirException.fatal(
            "credentials_unsafe",
            "other users of this machine may read " + file,
            "delete it while Choir is down: fresh credentials are made at the next start");
      }
      ObjectNode json = Json.parseObject(Files.readString(file));
      Credentials read =
          new Credentials(
              json.required("choir").asText().toCharArray(),
              json.required("archiver").asText().toCharArray());
      read.choirPublic();
      read.archiverPublic();
      return read;
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw damaged(file, e);
    } catch (ChoirException e) {
      throw e.code().equals("bad_json") ? damaged(file, null) : e;
    }
  }

  /** Signs in as the identity that reads and appends. */
  AuthHandler asChoir() {
    return handler(choir);
  }

  /** Signs in as the identity that may do nothing but purge. */
  AuthHandler asArchiver() {
    return handler(archiver);
  }

  String choirPublic() {
    return publicHalf(choir);
  }

  String archiverPublic() {
    return publicHalf(archiver);
  }

  /** Names the class; never a seed. */
  @Override
  public String toString() {
    return "Credentials[2 nkeys]";
  }

  private static AuthHandler handler(char[] seed) {
    return Nats.staticCredentials(null, seed.clone());
  }

  private static String publicHalf(char[] seed) {
    NKey key = NKey.fromSeed(seed.clone());
    try {
      return new String(key.getPublicKey());
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalArgumentException("not the seed of an nkey", e);
    } finally {
      key.clear();
    }
  }

  private static ChoirException damaged(Path file, @Nullable Throwable cause) {
    return ChoirException.fatal(
        "credentials_damaged",
        file + " does not hold the credentials of the NATS server",
        "delete it while Choir is down: fresh ones are made at the next start",
        cause);
  }
}
