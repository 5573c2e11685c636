package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.FileHandler;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.choir.core.TenantId;
import org.choir.core.Verdict;
import org.choir.keys.DataKeys;
import org.choir.keys.FileVolumeKeys;
import org.choir.keys.VolumeKeys;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Searches for a signing key wherever this machine could have written it. The key must be known for
 * that, so the agent of this test is built with the tag {@code leaktest}: its key comes from a
 * constant, and it can be held in memory for the control. Everything else is the agent that ships.
 */
@Tag("long")
class KeyLeakTest {
  private static final TenantId ADA = new TenantId("ada");
  private static final byte[] WORDS = "words".getBytes(StandardCharsets.UTF_8);

  @TempDir Path folder;

  @Test
  void theKeyIsNowhereButWhereItSigns() throws Exception {
    FileHandler log = new FileHandler(folder.resolve("server.log").toString());
    Logger root = Logger.getLogger("");
    Level level = root.getLevel();
    root.addHandler(log);
    root.setLevel(Level.FINE);
    DataKeys keys = TestImage.keys(folder);
    VolumeKeys volumeKeys = new FileVolumeKeys(folder.resolve("volume-keys"), keys);
    Volumes volumes = new Volumes(folder.resolve("volumes"), volumeKeys);
    Sandboxes.Options options =
        new Sandboxes.Options(folder.resolve("vms"), leakImage(), "auto", 384, 512, 3);
    try (Sandboxes room = TestImage.open(options, InstantSource.system())) {
      Signers signers =
          new Signers(
              room,
              volumes,
              folder.resolve("signers"),
              action -> new Verdict.Allow("test"),
              event -> {},
              InstantSource.system());
      SigningKey key = signers.key(ADA);
      for (int i = 0; i < 5; i++) {
        signers.sign(signing("report/v1"));
      }
      Path vm = onlyVm();
      Path awake = folder.resolve("awake.memory");
      save(vm, awake);

      // The control: the same machine at the moment of a signature.
      Thread signature = Thread.ofVirtual().start(() -> signers.sign(signing("leaktest/hold")));
      Path holding = folder.resolve("holding.memory");
      await()
          .atMost(Duration.ofSeconds(30))
          .pollInterval(Duration.ofSeconds(1))
          .until(() -> saveAndLook(vm, holding));
      signature.join();

      Files.copy(vm.resolve("overlay.img"), folder.resolve("overlay.copy"));
      Files.copy(vm.resolve(Launch.LOG), folder.resolve("hypervisor.log"));
      room.suspend(Signers.id(ADA));
      Path suspended = folder.resolve("suspended.memory");
      try (InputStream in =
          new Snapshots(TestImage.keys(options.folder()), step -> {})
              .memory(Journal.read(vm).orElseThrow())) {
        Files.copy(in, suspended);
      }
      byte[] planted = new byte[32];
      new SecureRandom().nextBytes(planted);
      Path heap = folder.resolve("server.hprof");
      ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
          .dumpHeap(heap.toString(), false);

      // Only now does this process know the key: it must not have been found in its own heap.
      Needles needles = keyNeedles();
      assertThat(needles.in(holding)).as("the control").contains("seed, bytes");
      assertThat(new Needles().add("planted", planted).in(heap)).as("the control").isNotEmpty();
      assertThat(needles.in(heap)).as("the server's heap").isEmpty();
      assertThat(needles.in(awake)).as("memory between two signatures").isEmpty();
      assertThat(needles.in(suspended)).as("memory in the snapshot").isEmpty();
      Files.delete(holding);
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path file : all.filter(Files::isRegularFile).toList()) {
          assertThat(needles.in(file)).as("%s", file).isEmpty();
        }
      }
      // What opens the volume, and with it the sealed key, is in no memory that lasts either.
      byte[] secret = volumeKeys.fetch(ADA, Volume.SIGNER);
      Needles ofVolume = new Needles().add("volume secret", secret);
      assertThat(ofVolume.in(suspended)).as("the volume's secret in the snapshot").isEmpty();
      assertThat(ofVolume.in(awake)).as("the volume's secret in memory").isEmpty();
      // The public key is what the seed gives: the search was for the right thing.
      Path publicKey = folder.resolve("signers/ada.json");
      assertThat(Files.readString(publicKey)).contains(key.base64());
      assertThat(awake).isNotEmptyFile();
      room.destroy(Signers.id(ADA));
    } finally {
      root.removeHandler(log);
      root.setLevel(level);
      log.close();
    }
  }

  private static Signing signing(String context) {
    return new Signing(ADA, Signing.PERSON, "x", context, Signing.Form.BYTES, WORDS);
  }

  /** Saves the memory; whether a keeper holds the key in it, which this test's agent marks. */
  private boolean saveAndLook(Path vm, Path to) throws IOException {
    save(vm, to);
    return VolumeTest.holds(to, "leaktest-is-holding-now");
  }

  private static void save(Path vm, Path to) throws IOException {
    Journal.Entry entry = Journal.read(vm).orElseThrow();
    Hypervisor hypervisor = new QemuHypervisor(vm, entry.process(), false);
    hypervisor.pause();
    try (OutputStream out =
        Files.newOutputStream(
            to,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      hypervisor.save(out);
    } finally {
      hypervisor.unpause();
    }
  }

  private Path onlyVm() throws IOException {
    try (Stream<Path> all = Files.list(folder.resolve("vms"))) {
      return all.filter(path -> path.getFileName().toString().startsWith("vm-"))
          .findFirst()
          .orElseThrow();
    }
  }

  /** As {@code seed_leaktest.go} makes it, and what RFC 8032, 5.1.5 makes of it. */
  private static Needles keyNeedles() throws Exception {
    byte[] seed =
        MessageDigest.getInstance("SHA-256")
            .digest("the key of the leak test".getBytes(StandardCharsets.UTF_8));
    byte[] expanded = MessageDigest.getInstance("SHA-512").digest(seed);
    byte[] scalar = java.util.Arrays.copyOf(expanded, 32);
    scalar[0] &= (byte) 248;
    scalar[31] &= 127;
    scalar[31] |= 64;
    return new Needles()
        .add("seed", seed)
        .add("expanded", expanded)
        .add("scalar", scalar)
        .add("prefix", java.util.Arrays.copyOfRange(expanded, 32, 64));
  }

  /** The image of this repository with the agent of this test laid over its own. */
  private Path leakImage() throws Exception {
    Path image = Files.createDirectories(folder.resolve("image"));
    Path built = TestImage.folder();
    for (String name : List.of("vmlinuz", "root.img", "manifest.json")) {
      Files.createSymbolicLink(image.resolve(name), built.resolve(name));
    }
    Path overlay = Files.createDirectories(folder.resolve("agent"));
    run(
        TestImage.repository().resolve("guest/agent"),
        "go",
        "build",
        "-trimpath",
        "-buildvcs=false",
        "-tags",
        "leaktest",
        "-ldflags",
        "-s -w",
        "-o",
        overlay.resolve("init").toString(),
        ".");
    run(overlay, "sh", "-c", "echo init | cpio --quiet -o -H newc > ../agent.cpio");
    // The kernel unpacks one archive after the other: the later file takes the earlier one's place.
    Path initrd = image.resolve("initrd.img");
    Files.copy(built.resolve("initrd.img"), initrd, StandardCopyOption.REPLACE_EXISTING);
    Files.write(
        initrd, Files.readAllBytes(folder.resolve("agent.cpio")), StandardOpenOption.APPEND);
    return image;
  }

  private void run(Path in, String... words) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(new ArrayList<>(List.of(words)))
            .directory(in.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("build.log").toFile());
    builder.environment().put("CGO_ENABLED", "0");
    builder.environment().put("GOFLAGS", "-mod=mod");
    builder.environment().putIfAbsent("HOME", folder.toString());
    Process process = builder.start();
    assertThat(process.waitFor(3, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(folder.resolve("build.log"))).isZero();
  }
}
