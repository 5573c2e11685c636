package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sandboxes by hand, in a real VM. */
class VmTest {
  @TempDir Path temp;

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

    Files.writeString(temp.resolve("in.txt"), "carried");
    assertThat(run("vm", "cp", "in.txt", id + ":/workspace/in.txt").exit()).isZero();
    assertThat(run("vm", "exec", id, "--", "cat", "in.txt").out()).isEqualTo("carried");
    assertThat(run("vm", "cp", id + ":/workspace/in.txt", "out.txt").exit()).isZero();
    assertThat(temp.resolve("out.txt")).hasContent("carried");
    assertThat(run("vm", "cp", "a", "b").err()).contains("ID:/PATH");

    assertThat(run("vm", "exec", id, "--", "curl", "-s", "http://a.example/").out())
        .contains("a.example:80 is not on this machine's allow list");

    assertThat(run("vm", "rm", id).exit()).isZero();
    assertThat(run("vm", "ls").out()).doesNotContain(id);
    Command.Ended none = run("vm", "exec", id, "--", "true");
    assertThat(none.exit()).isEqualTo(2);
    assertThat(none.err()).contains("there is no VM");
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
}
