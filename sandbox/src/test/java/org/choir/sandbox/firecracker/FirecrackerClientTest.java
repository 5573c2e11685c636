package org.choir.sandbox.firecracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.Json;
import org.choir.sandbox.SandboxException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One connection, typed failures, and the states that Firecracker's interface keeps. */
class FirecrackerClientTest {
  private static final Duration SOON = Duration.ofSeconds(10);

  @TempDir Path folder;
  private final Machine machine = new Machine();
  private FakeFirecracker server;
  private FirecrackerClient client;

  /** A machine without anything in it. */
  private static final class Machine implements FakeFirecracker.Monitor {
    final List<String> did = new ArrayList<>();
    boolean loads = true;

    @Override
    public void start(ObjectNode configuration) {
      did.add("start");
    }

    @Override
    public void pause() {
      did.add("pause");
    }

    @Override
    public void resume() {
      did.add("resume");
    }

    @Override
    public void save(Path state, Path memory, ObjectNode configuration) {
      did.add("save");
    }

    @Override
    public ObjectNode load(Path state, Path memory) throws IOException {
      if (!loads) {
        throw new IOException("CRC64 validation failed");
      }
      did.add("load");
      return Json.object();
    }
  }

  @BeforeEach
  void start() throws IOException {
    Path socket = folder.resolve("a.sock");
    server = new FakeFirecracker("1.16.2", socket, folder, machine, () -> machine.did.add("ended"));
    client = new FirecrackerClient(socket);
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    server.close();
  }

  private void boot() throws IOException {
    for (String name : List.of("vmlinux", "initrd.img", "root.img")) {
      java.nio.file.Files.createFile(folder.resolve(name));
    }
    put("/machine-config", "{\"vcpu_count\":1,\"mem_size_mib\":256}");
    put(
        "/boot-source",
        "{\"kernel_image_path\":\"/vmlinux\",\"initrd_path\":\"/initrd.img\",\"boot_args\":\"pci=off\"}");
    put("/entropy", "{\"rate_limiter\":{\"bandwidth\":{\"size\":4096,\"refill_time\":100}}}");
    put("/vsock", "{\"guest_cid\":3,\"uds_path\":\"/v.sock\"}");
    put("/actions", "{\"action_type\":\"InstanceStart\"}");
  }

  private void put(String path, String body) {
    client.put(path, Json.parseObject(body), SOON);
  }

  private void patch(String path, String body) {
    client.patch(path, Json.parseObject(body), SOON);
  }

  private static String code(ThrowingCallable call) {
    List<String> codes = new ArrayList<>();
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(SandboxException.class, e -> codes.add(e.code()));
    return codes.getFirst();
  }

  @Test
  void goesThroughTheStatesOverOneConnection() throws IOException {
    assertThat(client.get("/version", SOON).path("firecracker_version").asText())
        .isEqualTo("1.16.2");
    assertThat(client.get("/", SOON).path("state").asText()).isEqualTo("Not started");
    boot();
    assertThat(client.get("/", SOON).path("state").asText()).isEqualTo("Running");
    patch("/vm", "{\"state\":\"Paused\"}");
    put("/snapshot/create", "{\"snapshot_path\":\"/s\",\"mem_file_path\":\"/m\"}");
    patch("/vm", "{\"state\":\"Resumed\"}");
    assertThat(machine.did).containsExactly("start", "pause", "save", "resume");
    assertThat(client.get("/vm/config", SOON).path("/vsock").path("guest_cid").asInt())
        .isEqualTo(3);
  }

  /** Case 26: pause before boot, snapshot before pause, double start, load into a used process. */
  @Test
  void refusesWhatAStateDoesNotAllow() throws IOException {
    String load =
        "{\"snapshot_path\":\"/s\",\"mem_backend\":{\"backend_type\":\"File\",\"backend_path\":\"/m\"}}";
    assertThat(code(() -> patch("/vm", "{\"state\":\"Paused\"}"))).isEqualTo("vmm_state");
    assertThat(
            code(
                () ->
                    put("/snapshot/create", "{\"snapshot_path\":\"/s\",\"mem_file_path\":\"/m\"}")))
        .isEqualTo("vmm_state");
    boot();
    assertThat(
            code(
                () ->
                    put("/snapshot/create", "{\"snapshot_path\":\"/s\",\"mem_file_path\":\"/m\"}")))
        .isEqualTo("vmm_state");
    assertThat(code(() -> put("/actions", "{\"action_type\":\"InstanceStart\"}")))
        .isEqualTo("vmm_state");
    assertThat(code(() -> put("/snapshot/load", load))).isEqualTo("vmm_state");
    assertThat(code(() -> put("/machine-config", "{\"vcpu_count\":1,\"mem_size_mib\":9}")))
        .isEqualTo("vmm_state");
    assertThat(machine.did).containsExactly("start");
  }

  @Test
  void aLoadIsRefusedAfterConfigurationAndEndsTheProcessWhenItFails() {
    String load =
        "{\"snapshot_path\":\"/s\",\"mem_backend\":{\"backend_type\":\"File\",\"backend_path\":\"/m\"}}";
    machine.loads = false;
    assertThat(code(() -> put("/snapshot/load", load))).isEqualTo("vmm_refused");
    org.awaitility.Awaitility.await().until(() -> machine.did.contains("ended"));
    put("/entropy", "{}");
    machine.loads = true;
    assertThat(code(() -> put("/snapshot/load", load))).isEqualTo("vmm_refused");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/machine-config|{\"vcpu_count\":1}",
        "/machine-config|{\"vcpu_count\":33,\"mem_size_mib\":256}",
        "/machine-config|{\"vcpu_count\":\"1\",\"mem_size_mib\":256}",
        "/machine-config|{\"vcpu_count\":1,\"mem_size_mib\":256,\"memory\":1}",
        "/drives/a|{\"drive_id\":\"b\",\"is_root_device\":true}",
        "/drives/a|{\"drive_id\":\"a\",\"is_root_device\":true,\"cache_type\":\"Never\"}",
        "/drives/a|{\"drive_id\":\"a\",\"is_root_device\":true,\"rate_limiter\":{\"bandwidth\":{\"size\":1}}}",
        "/vsock|{\"guest_cid\":2,\"uds_path\":\"/v\"}",
        "/snapshot/load|{\"snapshot_path\":\"/s\",\"mem_backend\":{\"backend_type\":\"Tape\",\"backend_path\":\"/m\"}}",
        "/no-such|{}",
        "/boot-source|{\"kernel_image_path\":\"/missing\"}",
      })
  void tellsFirecrackersWordsForAWrongRequest(String path, String body) {
    assertThatThrownBy(() -> put(path, body))
        .isInstanceOfSatisfying(
            SandboxException.class,
            e -> {
              assertThat(e.code()).isEqualTo("vmm_refused");
              assertThat(e.getMessage()).contains("PUT " + path).contains("(400)");
            });
  }

  @Test
  void sendsNoBodyBeyondFirecrackersLimit() {
    ObjectNode large = Json.object().put("boot_args", "x".repeat(51_200));
    assertThat(code(() -> client.put("/boot-source", large, SOON))).isEqualTo("vmm_refused");
    assertThat(server.asked).isEmpty();
  }

  /**
   * Case 28, the lower half: an answer that is lost leaves the state unknown, not the connection.
   */
  @Test
  void aLostAnswerIsToldAndTheNextRequestHasAConnectionAgain() throws IOException {
    boot();
    server.loseAnswerOf = "PATCH /vm";
    assertThat(code(() -> patch("/vm", "{\"state\":\"Paused\"}"))).isEqualTo("vmm_unreachable");
    assertThat(client.get("/", SOON).path("state").asText()).isEqualTo("Paused");
  }

  @Test
  void aServerThatNeverAnswersIsGivenUpAtTheDeadline() {
    server.hangs = true;
    assertThatThrownBy(() -> client.get("/", Duration.ofMillis(200)))
        .isInstanceOfSatisfying(
            SandboxException.class,
            e -> {
              assertThat(e.code()).isEqualTo("vmm_unreachable");
              assertThat(e.getMessage()).contains("200 ms");
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{",
        "",
      })
  void anAnswerThatIsNoneIsRefused(String answer) {
    server.garbage = answer;
    assertThat(code(() -> client.get("/", SOON))).isEqualTo("vmm_unreachable");
  }

  /** What nobody asked for is no answer to the next question. */
  @Test
  void anAnswerThatComesTwiceIsTakenOnce() {
    server.twice = true;
    assertThat(client.get("/", SOON).path("state").asText()).isEqualTo("Not started");
    server.twice = false;
    assertThat(client.get("/version", SOON).path("firecracker_version").asText())
        .isEqualTo("1.16.2");
  }

  @Test
  void anAnswerThatIsNoJsonIsRefused() {
    server.garbage = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<xml>";
    assertThat(code(() -> client.get("/", SOON))).isEqualTo("vmm_protocol");
  }

  @Test
  void aPathThatIsTooLongForASocketIsRefusedBeforeAnything() {
    assertThat(code(() -> new FirecrackerClient(Path.of("/" + "x".repeat(108)))))
        .isEqualTo("path_too_long");
  }
}
