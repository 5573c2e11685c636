package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server as a real process, through the real socket, with the real nats-server. */
class ServerLifeTest {
  private static final Duration SOON = Duration.ofSeconds(40);

  @TempDir Path temp;
  private final Map<String, String> environment = new HashMap<>();

  private Path home() {
    return temp.resolve("home");
  }

  private Command.Ended run(String... arguments) {
    return new Command(home(), temp, environment).run(arguments);
  }

  @AfterEach
  void down() {
    run("down");
  }

  private JsonNode status() {
    Command.Ended ended = run("status", "--json");
    assertThat(ended.exit()).as(ended.err()).isZero();
    return ended.json();
  }

  private static boolean alive(long pid) {
    return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
  }

  @Test
  void aCommandStartsTheServerAndTheNextOneFindsIt() {
    Command.Ended first = run("runs");
    assertThat(first.exit()).as(first.err()).isZero();
    assertThat(first.err()).contains("starting the server").contains("starting nats-server");
    long pid = status().path("server").path("pid").asLong();
    Command.Ended second = run("runs", "--json");
    assertThat(second.err()).isEmpty();
    assertThat(second.out().strip()).isEqualTo("[]");
    assertThat(status().path("server").path("pid").asLong()).isEqualTo(pid);

    long nats = status().path("nats").path("pid").asLong();
    assertThat(alive(nats)).isTrue();
    assertThat(run("down").out()).contains("server " + pid + " has stopped");
    assertThat(alive(pid)).isFalse();
    assertThat(alive(nats)).isFalse();
    assertThat(home().resolve("run/choir.sock")).doesNotExist();
  }

  @Test
  void commandsThatStartAtOnceMeetInOneServer() throws Exception {
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      Callable<Command.Ended> up = () -> run("up", "--json");
      List<Future<Command.Ended>> ups = pool.invokeAll(List.of(up, up, up, up));
      long pid = status().path("server").path("pid").asLong();
      for (Future<Command.Ended> one : ups) {
        assertThat(one.get().exit()).as(one.get().err()).isZero();
        assertThat(one.get().json().path("server").path("pid").asLong()).isEqualTo(pid);
      }
    }
  }

  @Test
  void aKilledServerLeavesAStaleLockAndSocketThatHoldNobodyUp() {
    run("up");
    JsonNode before = status();
    long pid = before.path("server").path("pid").asLong();
    ProcessHandle.of(pid).orElseThrow().destroyForcibly();
    await().atMost(SOON).until(() -> !alive(pid));
    assertThat(home().resolve("run/choir.sock")).exists();
    assertThat(run("status").out()).contains("no server is running");

    Command.Ended ended = run("runs");
    assertThat(ended.exit()).as(ended.err()).isZero();
    assertThat(status().path("server").path("pid").asLong()).isNotEqualTo(pid);
    long nats = before.path("nats").path("pid").asLong();
    await("the orphaned nats").atMost(SOON).until(() -> !alive(nats));
  }

  @Test
  void endsItselfWhenNobodyNeedsItUnlessToldToStay() {
    environment.put("CHOIR_SERVER_IDLE", "300ms");
    run("runs");
    // Asking for its status would keep it awake.
    await().atMost(SOON).until(() -> !Files.exists(home().resolve("run/choir.sock")));
    assertThat(run("status").out()).contains("no server is running");

    run("up");
    long pid = status().path("server").path("pid").asLong();
    await()
        .during(Duration.ofSeconds(2))
        .atMost(SOON)
        .until(() -> alive(pid) && Files.exists(home().resolve("run/choir.sock")));
  }

  @Test
  void anIdleServerOfAnotherBuildIsReplaced() {
    run("up");
    long pid = status().path("server").path("pid").asLong();
    Command.Ended ended = new Command(home(), temp, environment, "newer").run("runs");
    assertThat(ended.err()).contains("replacing the idle server");
    JsonNode server = status().path("server");
    assertThat(server.path("build").asText()).isEqualTo("newer");
    assertThat(alive(pid)).isFalse();
  }

  @Test
  void saysWhichPortIsInUseAndHowToGoOn() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      environment.put("CHOIR_BACKBONE_PORT", String.valueOf(taken.getLocalPort()));
      Command.Ended ended = run("runs");
      assertThat(ended.exit()).isNotZero();
      assertThat(ended.err()).contains(String.valueOf(taken.getLocalPort())).contains("in use");
      assertThat(run("doctor").out()).contains("backbone.port: 0");
    }
    environment.clear();
    assertThat(run("runs").exit()).isZero();
  }

  @Test
  void refusesToStartWithALostKeyFileAndKeepsWhatIsThere() throws Exception {
    run("up");
    run("down");
    Path master = home().resolve("keys/master.key");
    Path kept = temp.resolve("kept");
    Files.move(master, kept);

    Command.Ended ended = run("runs");
    assertThat(ended.exit()).isNotZero();
    assertThat(ended.err()).contains("master.key");
    assertThat(master).doesNotExist();

    Files.move(kept, master);
    assertThat(run("runs").exit()).isZero();
  }

  @Test
  void aBackupCanBeRestoredInAnotherPlaceAndNeverReplacesAHomeUnasked() throws Exception {
    run("up");
    Path file = temp.resolve("backup.tar.gz");
    Command.Ended backup = run("backup", file.toString());
    assertThat(backup.exit()).as(backup.err()).isZero();
    assertThat(backup.err()).contains("holds the keys");
    assertThat(Files.getPosixFilePermissions(file)).hasSize(2);
    assertThat(run("status").out()).contains("no server is running");
    assertThat(run("backup", file.toString()).err()).contains("exists");

    Command.Ended refused = run("restore", file.toString());
    assertThat(refused.exit()).isEqualTo(2);
    assertThat(refused.err()).contains("--force");

    Command elsewhere = new Command(temp.resolve("other"), temp, environment);
    assertThat(elsewhere.run("restore", file.toString()).exit()).isZero();
    assertThat(temp.resolve("other/keys/master.key"))
        .hasSameBinaryContentAs(home().resolve("keys/master.key"));
    assertThat(elsewhere.run("runs").exit()).isZero();
    elsewhere.run("down");

    Command.Ended forced = run("restore", file.toString(), "--force");
    assertThat(forced.exit()).as(forced.err()).isZero();
    assertThat(forced.err()).contains("the former home is kept at");
    assertThat(run("runs").exit()).isZero();
  }

  @Test
  void aFileThatIsNoBackupChangesNothing() throws Exception {
    run("up");
    run("down");
    Path file = Files.writeString(temp.resolve("no.tar.gz"), "not a tar");
    Command.Ended ended = run("restore", file.toString(), "--force");
    assertThat(ended.exit()).isNotZero();
    assertThat(home().resolve("keys/master.key")).exists();
    assertThat(run("runs").exit()).isZero();
  }

  @Test
  void aFullDiskIsSaidAndNothingIsLostOnceThereIsSpace() throws Exception {
    assumeTrue(
        System.getProperty("user.name").equals("root"), "mounting a small disk needs to be root");
    Path disk = Files.createDirectories(temp.resolve("home"));
    mount("-t", "tmpfs", "-o", "size=400k,mode=700", "choir-test", disk.toString());
    try {
      Files.write(disk.resolve("ballast"), new byte[360 << 10]);
      Command.Ended full = run("runs");
      assertThat(full.exit()).isNotZero();
      assertThat(full.err().toLowerCase(java.util.Locale.ROOT)).contains("the disk is full");
      Files.delete(disk.resolve("ballast"));
      mount("-o", "remount,size=400m", disk.toString());
      Command.Ended free = run("runs");
      assertThat(free.exit()).as(free.err()).isZero();
      run("down");
    } finally {
      assertThat(new ProcessBuilder("umount", "-l", disk.toString()).start().waitFor()).isZero();
    }
  }

  private static void mount(String... arguments) throws Exception {
    List<String> line = new ArrayList<>(List.of("mount"));
    line.addAll(List.of(arguments));
    assumeTrue(
        new ProcessBuilder(line).redirectErrorStream(true).start().waitFor() == 0,
        "this machine does not let tests mount a disk");
  }
}
