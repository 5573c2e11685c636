package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sandboxes by hand, in a real VM. */
class VmTest {
  @TempDir Path temp;

  private Command.Ended run(byte[] in, String... arguments) {
    return new Command(temp.resolve("home"), temp, Map.of()).run(in, arguments);
  }

  private Command.Ended run(String... arguments) {
    return new Command(temp.resolve("home"), temp, Map.of()).run(arguments);
  }

  @AfterEach
  void down() {
    run("down");
  }

  @Test
  void runsCommandsAndCopiesFilesBothWays() throws Exception {
    Command.Ended created = run("vm", "create");
    assertThat(created.exit()).as(created.err()).isZero();
    String id = created.out().strip();
    assertThat(run("vm", "ls").out()).contains(id).contains("running");
    assertThat(run("status").out()).contains(id);

    Command.Ended exec = run("vm", "exec", id, "--", "bash", "-c", "id -u; echo err >&2; exit 7");
    assertThat(exec.exit()).isEqualTo(7);
    assertThat(exec.out().strip()).isEqualTo("1000");
    assertThat(exec.err()).contains("err");
    assertThat(run("vm", "exec", "--timeout", "1", id, "--", "sleep", "60").exit())
        .isGreaterThan(128);

    byte[] large = new byte[300_000];
    new Random(3).nextBytes(large);
    Command.Ended piped = run(large, "vm", "exec", "-i", id, "--", "sha256sum");
    assertThat(piped.out()).startsWith(Digest.of(large).hex());
    assertThat(run("vm", "exec", "-t", id, "--", "true").err()).contains("no terminal");
    assertThat(run("vm", "exec", "--cpu", "1", id, "--", "sh", "-c", "while :; do :; done").err())
        .contains("processor time");

    String detached = run("vm", "exec", "--detach", id, "--", "sh", "-c", "echo one").out().strip();
    assertThat(run("vm", "ps", id).out()).contains(detached);
    Command.Ended attached = run("vm", "attach", id, detached);
    assertThat(attached.out()).isEqualTo("one\n");
    String sleeping = run("vm", "exec", "--detach", id, "--", "sleep", "600").out().strip();
    assertThat(run("vm", "kill", id, sleeping).exit()).isZero();
    assertThat(run("vm", "attach", id, sleeping).exit()).isEqualTo(128 + 9);
    assertThat(run("vm", "attach", id, "0000").err()).contains("no command");

    Files.createDirectories(temp.resolve("tree/below"));
    Files.write(temp.resolve("tree/below/large"), large);
    Files.writeString(temp.resolve("tree/small"), "small");
    Files.createSymbolicLink(temp.resolve("tree/link"), Path.of("/etc/passwd"));
    Command.Ended in = run("vm", "cp", "tree", id + ":/workspace/tree");
    assertThat(in.exit()).isEqualTo(1);
    assertThat(in.out()).contains("in 2 files");
    assertThat(in.err()).contains("not_regular").contains("link");
    Command.Ended out = run("vm", "cp", "--json", id + ":/workspace/tree", "back");
    assertThat(out.exit()).as(out.err()).isZero();
    assertThat(temp.resolve("back/below/large")).hasBinaryContent(large);
    assertThat(temp.resolve("back/small")).hasContent("small");

    Files.writeString(temp.resolve("in.txt"), "carried");
    assertThat(run("vm", "cp", "in.txt", id + ":/workspace/in.txt").exit()).isZero();
    assertThat(run("vm", "exec", id, "--", "cat", "in.txt").out()).isEqualTo("carried");
    assertThat(run("vm", "cp", id + ":/workspace/in.txt", "out.txt").exit()).isZero();
    assertThat(temp.resolve("out.txt")).hasContent("carried");
    assertThat(run("vm", "cp", "a", "b").err()).contains("ID:/PATH");

    run("vm", "exec", id, "--", "bash", "-c", "echo in-memory > /tmp/m");
    assertThat(run("vm", "suspend", id).exit()).isZero();
    assertThat(run("vm", "ls").out()).contains(id).contains("suspended");
    assertThat(run("vm", "suspend", id).err()).contains("does not run");
    // Any use resumes it; so does the word for it, in another server too.
    assertThat(run("vm", "exec", id, "--", "cat", "/tmp/m").out()).isEqualTo("in-memory\n");
    assertThat(run("vm", "resume", id).err()).contains("nothing is to be done");
    assertThat(run("down").exit()).isZero();
    assertThat(run("vm", "ls").out()).contains("suspended");
    assertThat(run("vm", "resume", id).out()).contains("resumed VM " + id);
    assertThat(run("vm", "exec", id, "--", "cat", "/tmp/m").out()).isEqualTo("in-memory\n");

    // Another user's VM is as if it were not there.
    assertThat(run("vm", "ls", "--as", "bob").out()).doesNotContain(id);
    assertThat(run("vm", "exec", "--as", "bob", id, "--", "true").err()).contains("there is no VM");
    assertThat(run("vm", "rm", "--as", "bob", id).exit()).isEqualTo(2);

    assertThat(run("vm", "exec", id, "--", "curl", "-s", "http://a.example/").out())
        .contains("a.example:80 is not on this machine's allow list");

    assertThat(run("vm", "rm", id).exit()).isZero();
    assertThat(run("vm", "ls").out()).doesNotContain(id);
    Command.Ended none = run("vm", "exec", id, "--", "true");
    assertThat(none.exit()).isEqualTo(2);
    assertThat(none.err()).contains("there is no VM");
  }

  @Test
  void aTerminalIsPassedThroughKeysInterruptsAndAll() throws Exception {
    String id = run("vm", "create").out().strip();
    Process shell =
        new Command(temp.resolve("home"), temp, Map.of())
            .inTerminal(
                "vm",
                "exec",
                "-it",
                id,
                "--",
                "sh",
                "-c",
                "stty size; read x; echo got $x; exec sleep 600");
    StringBuilder screen = new StringBuilder();
    Thread reader =
        Thread.startVirtualThread(
            () -> {
              try (InputStream in = shell.getInputStream()) {
                for (int b = in.read(); b >= 0; b = in.read()) {
                  synchronized (screen) {
                    screen.append((char) b);
                  }
                }
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    try (OutputStream keys = shell.getOutputStream()) {
      until(screen, "24 80");
      keys.write("word\r".getBytes(StandardCharsets.UTF_8));
      keys.flush();
      until(screen, "got word");
      keys.write(3); // Ctrl-C, which is the command's
      keys.flush();
      assertThat(shell.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(shell.exitValue()).isEqualTo(128 + 2);
      assertThat(reader.join(Duration.ofSeconds(10))).isTrue();
    } finally {
      shell.destroyForcibly();
    }
  }

  private static void until(StringBuilder screen, String expected) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(90))
        .untilAsserted(
            () -> {
              synchronized (screen) {
                assertThat(screen.toString()).contains(expected);
              }
            });
  }

  @Test
  void aVmReachesWhatItsMakerAllows() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> welcome(server));
      String host = "localhost:" + server.getLocalPort();
      Command command =
          new Command(temp.resolve("home"), temp, Map.of("CHOIR_EGRESS_ALLOW_PRIVATE", host));
      assertThat(command.run("vm", "create", "--allow", "*").exit()).isEqualTo(2);
      String id = command.run("vm", "create", "--allow", host).out().strip();
      Command.Ended page =
          command.run(
              "vm", "exec", id, "--", "curl", "-s", "--noproxy", "", "http://" + host + "/");
      assertThat(page.out()).isEqualTo("welcome");
      assertThat(command.run("vm", "exec", id, "--", "choir", "kb", "search", "x").err())
          .contains("unknown_operation");
    }
  }

  private static void welcome(ServerSocket server) {
    try (Socket socket = server.accept()) {
      byte[] request = new byte[4_096];
      assertThat(socket.getInputStream().read(request)).isPositive();
      socket
          .getOutputStream()
          .write(
              "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nwelcome"
                  .getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void signsAFileWithAKeyThatOutlivesItsServer() throws Exception {
    Files.writeString(temp.resolve("report.md"), "what was found");
    Command.Ended key = run("vm", "key");
    assertThat(key.exit()).as(key.err()).isZero();
    Command.Ended plain = run("vm", "sign", "report.md");
    assertThat(plain.out()).contains(key.out().strip()).contains("signature");
    Command.Ended signed = run("vm", "sign", "--json", "--context", "report/v1", "report.md");
    assertThat(signed.exit()).as(signed.err()).isZero();
    var json = Json.parseObject(signed.out());
    assertThat(json.path("key").asText()).isEqualTo(key.out().strip());
    assertThat(json.path("digest").asText()).isEqualTo(Digest.of("what was found").hex());

    byte[] over = "choir signature 1\nreport/v1\nsha256\n".getBytes(StandardCharsets.UTF_8);
    byte[] all = Arrays.copyOf(over, over.length + 32);
    System.arraycopy(
        MessageDigest.getInstance("SHA-256")
            .digest("what was found".getBytes(StandardCharsets.UTF_8)),
        0,
        all,
        over.length,
        32);
    assertThat(json.path("signed").binaryValue()).isEqualTo(all);
    Signature verifier = Signature.getInstance("Ed25519");
    byte[] head = HexFormat.of().parseHex("302a300506032b6570032100");
    byte[] x509 = Arrays.copyOf(head, head.length + 32);
    System.arraycopy(
        Base64.getDecoder().decode(json.path("key").asText()), 0, x509, head.length, 32);
    verifier.initVerify(
        KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(x509)));
    verifier.update(all);
    assertThat(verifier.verify(json.path("signature").binaryValue())).isTrue();

    assertThat(run("vm", "exec", "signer-local", "--", "true").err()).contains("role");
    assertThat(run("vm", "rm", "signer-local").err()).contains("signing key");
    assertThat(run("vm", "sign", "--context", "Not This", "report.md").exit()).isNotZero();
    assertThat(run("vm", "sign", "missing.md").exit()).isEqualTo(2);

    assertThat(run("down").exit()).isZero();
    assertThat(run("vm", "ls").out()).contains("signer-local").contains("suspended");
    assertThat(run("vm", "key").out()).isEqualTo(key.out());
    Command.Ended again = run("vm", "sign", "--json", "--context", "report/v1", "report.md");
    assertThat(Json.parseObject(again.out()).path("signature")).isEqualTo(json.path("signature"));
  }
}
