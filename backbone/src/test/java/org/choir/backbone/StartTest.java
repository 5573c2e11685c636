package org.choir.backbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.choir.backbone.Fixture.AGENT;
import static org.choir.backbone.Fixture.ALICE;
import static org.choir.backbone.Fixture.LONG;
import static org.choir.backbone.Fixture.assertCode;
import static org.choir.backbone.Fixture.events;

import io.nats.client.Connection;
import io.nats.client.api.CompressionOption;
import io.nats.client.api.StreamConfiguration;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StartTest {
  @TempDir Path temp = Path.of("");

  @Test
  void keepsHistoriesAndFilesOverAGracefulRestart() {
    Fixture fixture = new Fixture(temp);
    StateEntry entry;
    long pid;
    try (Backbone backbone = fixture.start()) {
      pid = backbone.pid();
      entry = backbone.state().append(ALICE, AGENT, 1, null, events("a"));
      backbone.files().put(ALICE, AGENT, "f", new byte[300_000]);
    }
    assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
    try (Backbone backbone = fixture.start()) {
      assertThat(backbone.state().read(AGENT)).containsExactly(entry);
      assertThat(backbone.files().get(ALICE, AGENT, "f")).contains(new byte[300_000]);
      Backbone.Status status = backbone.status();
      assertThat(status.pid()).isEqualTo(backbone.pid());
      assertThat(status.port()).isEqualTo(backbone.port());
      assertThat(status.version()).startsWith("2.");
      assertThat(status.restarts()).isZero();
      assertThat(status.messages()).isEqualTo(1);
      assertThat(status.bytes()).isGreaterThan(300_000);
    }
  }

  @Test
  void startsFromACopyOfTheFolderElsewhere() throws IOException {
    Fixture fixture = new Fixture(temp);
    StateEntry entry;
    try (Backbone backbone = fixture.start()) {
      entry = backbone.state().append(ALICE, AGENT, 1, null, events("a"));
    }
    Path elsewhere = temp.resolve("a copy with spaces \"and quotes\"");
    try (Stream<Path> all = Files.walk(fixture.folder)) {
      for (Path each : all.toList()) {
        Files.copy(
            each,
            elsewhere.resolve(fixture.folder.relativize(each)),
            StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
    Backbone.Options options = new Backbone.Options(elsewhere, 0, Backbone.Durability.CRASH);
    try (Backbone backbone =
        Backbone.start(options, fixture.keys, java.time.InstantSource.system())) {
      assertThat(backbone.state().read(AGENT)).containsExactly(entry);
    }
  }

  @Test
  void namesThePackageWhenThereIsNoNatsServer() {
    Fixture fixture = new Fixture(temp);
    Tuning tuning = Tuning.standard().withBinaryFolders(List.of(temp));
    assertThatThrownBy(() -> fixture.start(tuning))
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("no_nats_server");
              assertThat(e.failure().remedy()).isEqualTo("apt-get install nats-server");
            });
  }

  @Test
  void refusesAVersionThatIsTooOldOrKnownToLoseStreams() throws IOException {
    Fixture fixture = new Fixture(temp);
    for (String version : List.of("2.9.9", "1.4.1", "2.10.21")) {
      Path fake = temp.resolve("nats-server");
      Files.writeString(fake, "#!/bin/sh\necho nats-server: v" + version + "\n");
      Files.setPosixFilePermissions(fake, PosixFilePermissions.fromString("rwx------"));
      Tuning tuning = Tuning.standard().withBinaryFolders(List.of(temp));
      assertThatThrownBy(() -> fixture.start(tuning))
          .hasMessageContaining(version)
          .isInstanceOfSatisfying(
              ChoirException.class, e -> assertThat(e.code()).isEqualTo("nats_version"));
    }
  }

  @Test
  void namesThePortThatIsInUse() throws IOException {
    Fixture fixture = new Fixture(temp);
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      int port = taken.getLocalPort();
      assertThatThrownBy(() -> fixture.start(port, Backbone.Durability.CRASH, Tuning.standard()))
          .hasMessageContaining(Integer.toString(port))
          .isInstanceOfSatisfying(
              ChoirException.class, e -> assertThat(e.code()).isEqualTo("port_in_use"));
    }
    fixture.start().close();
  }

  @Test
  void refusesAFolderThatIsInUse() {
    Fixture fixture = new Fixture(temp);
    try (Backbone backbone = fixture.start()) {
      long pid = backbone.pid();
      assertCode("backbone_in_use", fixture::start);
      assertThat(backbone.pid()).isEqualTo(pid);
      backbone.state().append(ALICE, AGENT, 1, null, events("still there"));
    }
  }

  @Test
  void endsTheNatsServerThatAKilledPredecessorLeftBehind() throws Exception {
    Fixture fixture = new Fixture(temp);
    StateEntry entry;
    try (Backbone backbone = fixture.start()) {
      entry = backbone.state().append(ALICE, AGENT, 1, null, events("a"));
    }
    // as its parent would have started it, had it not been killed
    Path configuration = fixture.folder.resolve("nats-server.conf");
    Process orphan =
        new ProcessBuilder(
                NatsBinary.find(Tuning.standard().binaryFolders()).path().toString(),
                "-c",
                configuration.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    // and one that looks alike but belongs to somebody else
    Process stranger =
        new ProcessBuilder(
                "/bin/sh", "-c", "exec sleep 60", "nats-server", configuration.toString())
            .start();
    try {
      await().atMost(LONG).until(() -> !Orphans.find(configuration).isEmpty());
      try (Backbone backbone = fixture.start()) {
        assertThat(orphan.isAlive()).isFalse();
        assertThat(stranger.isAlive()).isTrue();
        assertThat(backbone.state().read(AGENT)).containsExactly(entry);
      }
    } finally {
      orphan.destroyForcibly();
      stranger.destroyForcibly();
    }
  }

  @Test
  void namesTheSettingThatDiffers() throws Exception {
    Fixture fixture = new Fixture(temp);
    fixture.start().close();
    Tuning other = Tuning.standard().withDuplicateWindow(Duration.ofMinutes(3));
    assertThatThrownBy(() -> fixture.start(other))
        .hasMessageContaining("duplicate_window is 600000000000, asked was 180000000000")
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("stream_settings"));
    // nothing is left running after a failed start
    assertThat(Orphans.find(fixture.folder.resolve("nats-server.conf"))).isEmpty();
    fixture.start().close();
  }

  @Test
  void noticesASettingThatAnOldServerSilentlyIgnores() throws Exception {
    Fixture fixture = new Fixture(temp);
    try (Backbone backbone = fixture.start();
        Connection raw = EncryptionTest.raw(fixture, backbone)) {
      StreamConfiguration had =
          raw.jetStreamManagement().getStreamInfo(NatsConfiguration.STATE).getConfiguration();
      StreamConfiguration asked =
          StreamConfiguration.builder(Streams.state(Duration.ofMinutes(10)))
              .compressionOption(CompressionOption.S2)
              .build();
      Streams.requireSame(Streams.state(Duration.ofMinutes(10)), had);
      assertThatThrownBy(() -> Streams.requireSame(asked, had))
          .hasMessageContaining("compression is default, asked was \"s2\"");
    }
  }

  @Test
  void keepsItsSecretsInOnePrivateFile() throws IOException {
    Fixture fixture = new Fixture(temp);
    try (Backbone backbone = fixture.start()) {
      Path credentials = fixture.folder.resolve("credentials.json");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(credentials)))
          .isEqualTo("rw-------");
      Credentials read = Credentials.open(credentials);
      List<String> seeds = List.of(read.choir().secretText(), read.archiver().secretText());
      assertThat(Files.readString(credentials)).contains(seeds);
      assertThat(read.toString()).doesNotContain(seeds);
      ProcessHandle.Info info = ProcessHandle.of(backbone.pid()).orElseThrow().info();
      assertThat(String.join(" ", info.arguments().orElseThrow())).doesNotContain(seeds);
      Path process = Path.of("/proc/" + backbone.pid());
      assertThat(Files.readString(process.resolve("environ")).split("\0", -1))
          .allMatch(each -> each.isEmpty() || each.startsWith("PATH=") || each.startsWith("HOME="));
      for (String name : List.of("nats-server.conf", "nats-server.log")) {
        assertThat(Files.readString(fixture.folder.resolve(name), StandardCharsets.UTF_8))
            .doesNotContain(seeds);
      }
      Files.setPosixFilePermissions(credentials, PosixFilePermissions.fromString("rw-r--r--"));
    }
    assertCode("credentials_unsafe", fixture::start);
  }

  @Test
  void saysThatTheCredentialsAreDamaged() throws IOException {
    Fixture fixture = new Fixture(temp);
    fixture.start().close();
    for (String wrong : List.of("", "{\"choir\":{\"name\":\"UX\",\"secret\":\"\"}}", "{}")) {
      Path file = fixture.folder.resolve("credentials.json");
      Files.writeString(file, wrong);
      assertCode("credentials_damaged", fixture::start);
    }
  }

  @Test
  void asksANewerServerToFlushEachWriteForPower() throws IOException {
    Credentials credentials = Credentials.open(temp.resolve("credentials.json"));
    assertThat(NatsConfiguration.text(temp, 4222, credentials, true))
        .contains("sync_interval: always");
    assertThat(NatsConfiguration.text(temp, 4222, credentials, false))
        .doesNotContain("sync_interval");
  }

  @Test
  void failsFastWhenClosed() {
    Backbone backbone = new Fixture(temp).start();
    backbone.close();
    backbone.close();
    assertCode("backbone_closed", () -> backbone.state().read(AGENT));
  }
}
