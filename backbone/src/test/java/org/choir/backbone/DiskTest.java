package org.choir.backbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;
import static org.choir.backbone.Fixture.AGENT;
import static org.choir.backbone.Fixture.ALICE;
import static org.choir.backbone.Fixture.LONG;
import static org.choir.backbone.Fixture.assertCode;
import static org.choir.backbone.Fixture.events;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the disk does to the store: synchronous folders, no space left, flipped bits. */
class DiskTest {
  @TempDir Path temp = Path.of("");

  @Test
  void makesTheStoreSynchronousForPower() throws IOException {
    assumeThat(canBeSynchronous(temp)).as("chattr +S works here").isTrue();
    Fixture fixture = new Fixture(temp);
    try (Backbone backbone = fixture.start(0, Backbone.Durability.POWER, Tuning.standard())) {
      backbone.state().append(ALICE, AGENT, 1, null, events("a"));
      Path store = fixture.folder.resolve("store");
      List<Path> blocks;
      try (Stream<Path> all = Files.walk(store)) {
        blocks = all.filter(each -> each.toString().endsWith(".blk")).toList();
      }
      assertThat(blocks).isNotEmpty();
      for (Path block : blocks) {
        String flags = Command.run(List.of("lsattr", block.toString())).output().split(" ", -1)[0];
        assertThat(flags).contains("S");
      }
    }
    fixture.start(0, Backbone.Durability.POWER, Tuning.standard()).close();
  }

  @Test
  void refusesPowerOnAStoreThatDoesNotWaitForTheDisk() throws IOException {
    assumeThat(canBeSynchronous(temp)).as("chattr +S works here").isTrue();
    Fixture fixture = new Fixture(temp);
    try (Backbone backbone = fixture.start()) {
      backbone.state().append(ALICE, AGENT, 1, null, events("a"));
    }
    Path store = fixture.folder.resolve("store");
    assertThatThrownBy(() -> fixture.start(0, Backbone.Durability.POWER, Tuning.standard()))
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("store_not_synchronous");
              assertThat(e.failure().remedy()).contains("chattr -R +S " + store);
            });
    assertThat(Command.run(List.of("chattr", "-R", "+S", store.toString())).exit()).isZero();
    fixture.start(0, Backbone.Durability.POWER, Tuning.standard()).close();
    // one folder that has lost it is enough
    Path inner = store.resolve("jetstream").resolve("CHOIR");
    assertThat(Command.run(List.of("chattr", "-S", inner.toString())).exit()).isZero();
    assertThatThrownBy(() -> fixture.start(0, Backbone.Durability.POWER, Tuning.standard()))
        .hasMessageContaining(inner.toString());
  }

  @Test
  void saysSoWhenTheFileSystemCannotPromisePower() throws Exception {
    try (SmallDisk disk = SmallDisk.mount(temp, "8m")) {
      assumeThat(canBeSynchronous(disk.folder())).as("tmpfs has no attributes").isFalse();
      Fixture fixture = new Fixture(disk.folder());
      assertThatThrownBy(() -> fixture.start(0, Backbone.Durability.POWER, Tuning.standard()))
          .isInstanceOfSatisfying(
              ChoirException.class,
              e -> {
                assertThat(e.code()).isEqualTo("no_power_durability");
                assertThat(e.failure().remedy()).contains("backbone.durability: crash");
              });
    }
  }

  @Test
  void failsLoudlyOnAFullDiskAndGoesOnWhenThereIsSpaceAgain() throws Exception {
    try (SmallDisk disk = SmallDisk.mount(temp, "24m")) {
      Fixture fixture = new Fixture(disk.folder());
      Path ballast = disk.folder().resolve("ballast");
      Files.write(ballast, new byte[8 << 20]);
      List<StateEntry> acknowledged = new ArrayList<>();
      try (Backbone backbone = fixture.start()) {
        assertThatThrownBy(
                () -> {
                  for (int i = 0; i < 1_000; i++) {
                    StateEntry last = acknowledged.isEmpty() ? null : acknowledged.getLast();
                    acknowledged.add(
                        backbone.state().append(ALICE, AGENT, 1, last, events("x".repeat(50_000))));
                  }
                })
            .hasMessageContaining("no space left")
            .hasMessageContaining(fixture.folder.toString())
            .isInstanceOfSatisfying(
                ChoirException.class, e -> assertThat(e.code()).isEqualTo("disk_full"));
        assertThat(acknowledged).isNotEmpty();
        Files.delete(ballast);
        AgentId other = new AgentId("rspace1");
        StateEntry after = backbone.state().append(ALICE, other, 1, null, events("space again"));
        assertThat(backbone.state().read(other)).containsExactly(after);
        assertThat(backbone.state().read(AGENT))
            .startsWith(acknowledged.toArray(StateEntry[]::new));
      }
      try (Backbone backbone = fixture.start()) {
        assertThat(backbone.state().read(AGENT))
            .startsWith(acknowledged.toArray(StateEntry[]::new));
      }
    }
  }

  @Test
  void neverReadsAHistoryWithAFlippedBitAsIfItWereWhole() throws Exception {
    Fixture fixture = new Fixture(temp);
    AgentId other = new AgentId("rintact1");
    List<StateEntry> whole = new ArrayList<>();
    StateEntry intact;
    try (Backbone backbone = fixture.start()) {
      intact = backbone.state().append(ALICE, other, 1, null, events("intact"));
      for (int i = 0; i < 20; i++) {
        StateEntry last = whole.isEmpty() ? null : whole.getLast();
        whole.add(backbone.state().append(ALICE, AGENT, 1, last, events("event " + i)));
      }
    }
    Path block;
    try (Stream<Path> all = Files.walk(fixture.folder.resolve("store"))) {
      block =
          all.filter(
                  each ->
                      each.toString().contains(NatsConfiguration.STATE)
                          && each.toString().endsWith(".blk"))
              .findFirst()
              .orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(block);
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    int at = text.indexOf("\"ct\":\"", text.indexOf("\"id\":\"" + AGENT + ":1:10\"")) + 20;
    assertThat(at).isGreaterThan(20);
    bytes[at] ^= 1;
    Files.write(block, bytes);
    Tuning tuning = Tuning.standard().withDeadline(java.time.Duration.ofSeconds(5));
    try (Backbone backbone = fixture.start(tuning)) {
      assertCode("history_damaged", () -> backbone.state().read(AGENT));
      assertThat(backbone.state().read(other)).containsExactly(intact);
    }
  }

  private static boolean canBeSynchronous(Path folder) throws IOException {
    Path probe = Files.createTempDirectory(folder, "probe");
    return Command.run(List.of("chattr", "+S", probe.toString())).exit() == 0;
  }

  /** A file system in memory of its own; only root can make one. */
  private record SmallDisk(Path folder) implements AutoCloseable {
    static SmallDisk mount(Path temp, String size) throws IOException {
      Path folder = Files.createDirectory(temp.resolve("disk"));
      Command.Outcome outcome =
          Command.run(
              List.of("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", folder.toString()));
      assumeThat(outcome.exit()).as("mount: " + outcome.output()).isZero();
      return new SmallDisk(folder);
    }

    @Override
    public void close() {
      await()
          .atMost(LONG)
          .until(() -> Command.run(List.of("umount", folder.toString())).exit() == 0);
    }
  }
}
