package org.choir.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileDataKeysTest extends DataKeysConformance {
  @TempDir Path temp = Path.of("");
  private Path folder = Path.of("");

  @BeforeEach
  void choose() {
    folder = temp.resolve("keys");
  }

  @Override
  DataKeys keys() {
    return FileDataKeys.open(folder);
  }

  @Override
  void rotate(DataKeys keys, TenantId tenant) {
    ((FileDataKeys) keys).rotate(tenant);
  }

  @Override
  void eraseTenant(DataKeys keys, TenantId tenant) {
    ((FileDataKeys) keys).eraseTenant(tenant);
  }

  @Test
  void givesItsFilesToTheirOwnerAlone() throws IOException {
    keys().seal(ALICE, PLAIN, CONTEXT);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
        .isEqualTo("rwx------");
    for (String name : List.of("master.key", "data-keys.json")) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(name))))
          .isEqualTo("rw-------");
    }
    assertThat(Files.size(folder.resolve("master.key"))).isEqualTo(32);
  }

  @Test
  void saysThatTheMasterKeyIsLostWhenItsFileIsMissing() throws IOException {
    keys().seal(ALICE, PLAIN, CONTEXT);
    Files.delete(folder.resolve("master.key"));
    assertThatThrownBy(this::keys)
        .hasMessageContaining(folder.resolve("master.key").toString())
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("key_file_lost");
              assertThat(e.failure().remedy()).contains("choir restore");
            });
    // and it must not have made another one that hides the loss
    assertThat(folder.resolve("master.key")).doesNotExist();
  }

  @Test
  void saysThatTheMasterKeyIsLostWhenItIsShortOrAnother() throws IOException {
    Sealed sealed = keys().seal(ALICE, PLAIN, CONTEXT);
    Path master = folder.resolve("master.key");
    byte[] right = Files.readAllBytes(master);
    Files.write(master, Arrays.copyOf(right, 31));
    assertCode("key_file_lost", this::keys);
    byte[] wrong = right.clone();
    wrong[7] ^= 1;
    Files.write(master, wrong);
    assertCode("key_file_lost", this::keys);
    Files.write(master, right);
    assertThat(keys().open(ALICE, sealed, CONTEXT)).isEqualTo(PLAIN);
  }

  @Test
  void refusesAMasterKeyThatOthersMayRead() throws IOException {
    keys();
    Path master = folder.resolve("master.key");
    for (String mode : List.of("rw-r-----", "rw----r--", "rw--w----")) {
      Files.setPosixFilePermissions(master, PosixFilePermissions.fromString(mode));
      assertThatThrownBy(this::keys)
          .hasMessageContaining(master.toString())
          .isInstanceOfSatisfying(
              ChoirException.class,
              e -> {
                assertThat(e.code()).isEqualTo("key_file_unsafe");
                assertThat(e.failure().remedy()).startsWith("chmod 600 " + master);
              });
    }
  }

  @Test
  void refusesAFolderThatOthersMayWriteTo() throws IOException {
    keys();
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertCode("key_file_unsafe", this::keys);
  }

  @Test
  void saysThatTheWrappedKeysAreDamaged() throws IOException {
    keys().seal(ALICE, PLAIN, CONTEXT);
    Path wrapped = folder.resolve("data-keys.json");
    String right = Files.readString(wrapped);
    for (String wrong : List.of("", "{}", right.substring(0, right.length() / 2), "[1]")) {
      Files.writeString(wrapped, wrong);
      assertCode("key_file_damaged", this::keys);
    }
    Files.writeString(wrapped, right.replace("\"schema\" : 1", "\"schema\" : 2"));
    assertCode("newer_schema", this::keys);
  }

  @Test
  void refusesAKeyThatWasMovedToAnotherTenant() throws IOException {
    Sealed sealed = keys().seal(ALICE, PLAIN, CONTEXT);
    Path wrapped = folder.resolve("data-keys.json");
    Files.writeString(wrapped, Files.readString(wrapped).replace("\"alice\"", "\"bob\""));
    assertCode("key_file_damaged", () -> keys().open(BOB, sealed, CONTEXT));
  }

  @Test
  void writesNoSecretAnywhereButTheMasterFile() throws IOException {
    DataKeys keys = keys();
    keys.seal(ALICE, PLAIN, CONTEXT);
    byte[] master = Files.readAllBytes(folder.resolve("master.key"));
    List<String> forms =
        List.of(
            new String(master, StandardCharsets.ISO_8859_1),
            HexFormat.of().formatHex(master),
            Base64.getEncoder().encodeToString(master));
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(each -> !each.endsWith("master.key")).toList()) {
        assertThat(Files.readString(file, StandardCharsets.ISO_8859_1)).doesNotContain(forms);
      }
    }
    assertThat(keys.toString()).doesNotContain(forms);
  }

  @Test
  void leavesTheOldFileWhenAWriteWasCutShort() throws IOException {
    Sealed sealed = keys().seal(ALICE, PLAIN, CONTEXT);
    Files.writeString(folder.resolve(".data-keys.json.new"), "{\"schema\":");
    DataKeys keys = keys();
    assertThat(keys.open(ALICE, sealed, CONTEXT)).isEqualTo(PLAIN);
    rotate(keys, ALICE);
    assertThat(keys().open(ALICE, sealed, CONTEXT)).isEqualTo(PLAIN);
  }
}
