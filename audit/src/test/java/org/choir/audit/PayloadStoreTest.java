package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.keys.FileDataKeys;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PayloadStoreTest {
  private static final String RUN = "r0abc12345";
  @TempDir Path temp;
  private FileDataKeys keys;
  private PayloadStore store;

  @BeforeEach
  void open() {
    keys = FileDataKeys.open(temp.resolve("keys"));
    store = new PayloadStore(temp.resolve("payloads"), keys, TenantId.LOCAL, true);
  }

  private static Payload payload(int salt, String text) {
    byte[] bytes = new byte[32];
    bytes[0] = (byte) salt;
    return Payload.of(bytes, Json.object().put("text", text));
  }

  private String onDisk() throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.walk(temp.resolve("payloads"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        all.append(Files.readString(file, StandardCharsets.ISO_8859_1));
      }
    }
    return all.toString();
  }

  @Test
  void keepsPayloadsSealed() throws IOException {
    Payload one = payload(1, "a secret plan");
    Payload two = payload(2, "another");
    store.add(RUN, List.of(one, two));
    assertThat(store.find(RUN, one.commitment())).contains(one);
    PayloadStore again = new PayloadStore(temp.resolve("payloads"), keys, TenantId.LOCAL, true);
    assertThat(again.all(RUN, Set.of()))
        .containsOnlyKeys(one.commitment(), two.commitment())
        .containsValue(two);
    assertThat(onDisk()).doesNotContain("secret");
    assertThat(store.find("r0other", one.commitment())).isEmpty();
  }

  @Test
  void erasingDestroysPayloadAndSaltAndLeavesTheOthers() throws IOException {
    Payload one = payload(1, "one");
    Payload two = payload(2, "two");
    store.add(RUN, List.of(one, two));
    String before = onDisk();
    String line = before.lines().findFirst().orElseThrow();
    assertThat(store.erase(RUN, one.commitment())).isTrue();
    assertThat(onDisk()).doesNotContain(line).hasSameSizeAs(before);
    assertThat(onDisk()).doesNotContain(one.commitment());
    assertThat(store.find(RUN, one.commitment())).isEmpty();
    assertThat(store.find(RUN, two.commitment())).contains(two);
    assertThat(store.erase(RUN, one.commitment())).isFalse();
    assertThat(store.eraseAll(RUN)).isEqualTo(1);
    assertThat(onDisk()).isEmpty();
    assertThat(temp.resolve("payloads")).isEmptyDirectory();
  }

  @Test
  void aTornLineCostsOnlyItself() throws IOException {
    Payload one = payload(1, "one");
    Payload two = payload(2, "two");
    store.add(RUN, List.of(one));
    Path file = temp.resolve("payloads").resolve(RUN + ".jsonl");
    Files.writeString(file, "{\"id\":\"dead", StandardOpenOption.APPEND);
    store.add(RUN, List.of(two));
    assertThat(store.all(RUN, Set.of())).containsOnlyKeys(one.commitment(), two.commitment());
  }

  @Test
  void aPayloadOfAnotherTenantOrChangedOnDiskDoesNotOpen() throws IOException {
    Payload one = payload(1, "one");
    store.add(RUN, List.of(one));
    PayloadStore other =
        new PayloadStore(temp.resolve("payloads"), keys, new TenantId("eve"), true);
    assertThatThrownBy(() -> other.find(RUN, one.commitment())).isInstanceOf(ChoirException.class);
    Path file = temp.resolve("payloads").resolve(RUN + ".jsonl");
    String line = Files.readString(file);
    int at = line.indexOf("\"ct\":\"") + 8;
    Files.writeString(
        file,
        line.substring(0, at) + (line.charAt(at) == 'A' ? 'B' : 'A') + line.substring(at + 1));
    assertThatThrownBy(() -> store.find(RUN, one.commitment())).isInstanceOf(ChoirException.class);
  }

  @Test
  void aWrongPayloadDoesNotOpenACommitment() {
    Payload one = payload(1, "yes");
    assertThat(one.opens(one.commitment())).isTrue();
    assertThat(payload(1, "no").opens(one.commitment())).isFalse();
    assertThat(payload(2, "yes").opens(one.commitment())).isFalse();
    assertThat(one.opens("")).isFalse();
    assertThat(one.toString()).doesNotContain("yes");
  }

  @Test
  void aFieldBeyondTheLimitIsKeptByItsDigest() {
    Payload large = payload(1, "x".repeat(5 << 20));
    assertThat(large.fields().path("text").path("sha256").asText()).hasSize(64);
    assertThat(large.fields().path("text").path("bytes").asLong()).isEqualTo((5 << 20) + 2);
  }
}
