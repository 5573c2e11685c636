package org.choir.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.Objects;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileVolumeKeysTest {
  private static final TenantId ALICE = new TenantId("alice");
  private static final TenantId BOB = new TenantId("bob");

  @TempDir Path temp = Path.of("");
  @Nullable private VolumeKeys opened;

  @BeforeEach
  void open() {
    opened = reopened();
  }

  private VolumeKeys keys() {
    return Objects.requireNonNull(opened);
  }

  private VolumeKeys reopened() {
    return new FileVolumeKeys(temp.resolve("volumes"), FileDataKeys.open(temp.resolve("keys")));
  }

  @Test
  void handsOutTheSameKeyAfterARestart() {
    byte[] made = keys().create(ALICE, "signer");
    assertThat(made).hasSize(VolumeKeys.KEY_BYTES);
    assertThat(keys().create(ALICE, "work")).isNotEqualTo(made);
    assertThat(keys().create(BOB, "signer")).isNotEqualTo(made);
    assertThat(reopened().fetch(ALICE, "signer")).isEqualTo(made);
  }

  @Test
  void neverOverwritesAKey() {
    byte[] made = keys().create(ALICE, "signer");
    refused("volume_key_exists", () -> keys().create(ALICE, "signer"));
    assertThat(keys().fetch(ALICE, "signer")).isEqualTo(made);
  }

  @Test
  void aForgottenKeyIsGone() {
    keys().create(ALICE, "signer");
    keys().forget(ALICE, "signer");
    keys().forget(ALICE, "signer");
    assertThat(keys().has(ALICE, "signer")).isFalse();
    refused("no_volume_key", () -> reopened().fetch(ALICE, "signer"));
  }

  @Test
  void theKeyOfOneIsOfNoUseUnderTheNameOfAnother() throws Exception {
    keys().create(ALICE, "signer");
    keys().create(BOB, "signer");
    keys().create(ALICE, "work");
    Path folder = temp.resolve("volumes");
    Files.write(
        folder.resolve("alice/work.json"), Files.readAllBytes(folder.resolve("alice/signer.json")));
    refused("not_authentic", () -> keys().fetch(ALICE, "work"));
    Files.write(
        folder.resolve("bob/signer.json"), Files.readAllBytes(folder.resolve("alice/signer.json")));
    refused("not_authentic", () -> keys().fetch(BOB, "signer"));
    Files.writeString(folder.resolve("alice/signer.json"), "{\"kid\":\"k\",\"iv\":\"?\"}");
    refused("key_file_damaged", () -> keys().fetch(ALICE, "signer"));
  }

  @Test
  void noKeyLiesOpenOnTheDisk() throws Exception {
    byte[] made = keys().create(ALICE, "signer");
    Path file = temp.resolve("volumes/alice/signer.json");
    String text = Files.readString(file);
    assertThat(text).doesNotContain(HexFormat.of().formatHex(made));
    assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
        .doesNotContain(new String(made, StandardCharsets.ISO_8859_1));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(keys().toString()).doesNotContain(HexFormat.of().formatHex(made));
  }

  @Test
  void refusesANameThatIsAPath() {
    for (String name : new String[] {"", "../x", "a/b", "A", "a.b", "-a"}) {
      refused("bad_volume", () -> keys().create(ALICE, name));
    }
  }

  private static void refused(
      String code, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ChoirException.class, e -> assertThat(e.code()).isEqualTo(code));
  }
}
