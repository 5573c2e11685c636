package org.choir.sandbox;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.keys.PrivateFiles;

/**
 * Which public keys signed for each tenant, oldest first: one file a tenant. At most the last one
 * is active. It tells who checks an old signature whether the key was that user's, and this server
 * which key a signer's volume must hold.
 */
final class SigningKeys {
  private static final String SCHEMA = "choir.signing-keys/1";

  private final Path folder;

  SigningKeys(Path folder) {
    this.folder = folder;
  }

  List<SigningKey> of(TenantId tenant) {
    Path file = file(tenant);
    try {
      if (!Files.exists(file)) {
        return List.of();
      }
      ObjectNode json = Json.parseObject(Files.readString(file));
      if (!json.path("schema").asText().equals(SCHEMA)) {
        throw new IllegalArgumentException("another schema");
      }
      List<SigningKey> keys = new ArrayList<>();
      json.path("keys")
          .forEach(
              key ->
                  keys.add(
                      new SigningKey(
                          key.path("public").asText(),
                          key.path("made").asLong(),
                          key.path("lost").asLong())));
      return List.copyOf(keys);
    } catch (IOException | IllegalArgumentException | ChoirException e) {
      // Never guessed anew: a signer would be told that its key is not the user's.
      throw SandboxException.lasting(
          "signing_keys_unreadable",
          "cannot read the list of signing keys " + file + ": " + e.getMessage(),
          "put it back from a backup: choir restore FILE",
          e);
    }
  }

  Optional<SigningKey> active(TenantId tenant) {
    return of(tenant).stream().filter(key -> key.lostMillis() == 0).findFirst();
  }

  /** Adds a key as the active one. */
  SigningKey add(TenantId tenant, String base64, long nowMillis) {
    SigningKey key = new SigningKey(base64, nowMillis, 0);
    List<SigningKey> keys = new ArrayList<>(of(tenant));
    keys.add(key);
    write(tenant, keys);
    return key;
  }

  /** Marks the active key as lost. */
  void lose(TenantId tenant, long nowMillis) {
    write(
        tenant,
        of(tenant).stream()
            .map(
                key ->
                    key.lostMillis() == 0
                        ? new SigningKey(key.base64(), key.madeMillis(), nowMillis)
                        : key)
            .toList());
  }

  private void write(TenantId tenant, List<SigningKey> keys) {
    ObjectNode json = Json.object().put("schema", SCHEMA);
    ArrayNode list = json.putArray("keys");
    for (SigningKey key : keys) {
      list.addObject()
          .put("public", key.base64())
          .put("made", key.madeMillis())
          .put("lost", key.lostMillis());
    }
    Path file = file(tenant);
    try {
      PrivateFiles.folder(folder);
      PrivateFiles.write(file, Json.pretty(json).getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_space", "cannot write " + file + ": " + e.getMessage(), "free some space", e);
    }
  }

  private Path file(TenantId tenant) {
    return folder.resolve(tenant.value() + ".json");
  }
}
