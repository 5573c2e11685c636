package org.choir.sandbox.firecracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Firecracker's sockets: the handshake to the guest, and who may come from it. */
class HybridVsockTest {
  private static final Duration SOON = Duration.ofSeconds(10);

  @TempDir Path folder;

  /** Firecracker's end: reads once, as it does, and answers. */
  private ServerSocketChannel muxer(String answer) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(folder.resolve("v.sock")));
    Thread.ofVirtual()
        .start(
            () -> {
              try (SocketChannel peer = server.accept()) {
                ByteBuffer once = ByteBuffer.allocate(32);
                peer.read(once);
                String asked =
                    new String(once.array(), 0, once.position(), StandardCharsets.US_ASCII);
                if (asked.equals("CONNECT 52\n")) {
                  peer.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.US_ASCII)));
                  peer.read(once.clear()); // until the other side ends
                }
              } catch (IOException e) {
                // the client went away
              }
            });
    return server;
  }

  @Test
  void connectsToAPortOfTheGuestAndLosesNothingOfItsFirstWords() throws IOException {
    try (ServerSocketChannel server = muxer("OK 1073741824\nhello");
        SocketChannel guest = HybridVsock.connect(folder.resolve("v.sock"), 52, SOON)) {
      ByteBuffer first = ByteBuffer.allocate(5);
      while (first.hasRemaining()) {
        guest.read(first);
      }
      assertThat(first.array()).asString().isEqualTo("hello");
      assertThat(server.isOpen()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "NO\n", "OK x\n", "OK 1073741824 and a very long tail that never ends"})
  void aGuestWithoutAListenerIsRefused(String answer) throws IOException {
    try (ServerSocketChannel server = muxer(answer)) {
      assertThatThrownBy(
              () -> HybridVsock.connect(folder.resolve("v.sock"), answer.isEmpty() ? 53 : 52, SOON))
          .isInstanceOf(IOException.class);
      assertThat(server.isOpen()).isTrue();
    }
  }

  @Test
  void aSilentGuestIsGivenUpAtTheDeadline() throws IOException {
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(folder.resolve("v.sock")));
      assertThatThrownBy(
              () -> HybridVsock.connect(folder.resolve("v.sock"), 52, Duration.ofMillis(100)))
          .hasMessageContaining("100 ms");
    }
  }

  @Test
  void takesTheGuestsOneConnectionAndRefusesASecond() throws IOException {
    Path file = HybridVsock.listener(folder.resolve("v.sock"), 5000);
    assertThat(file.getFileName()).hasToString("v.sock_5000");
    Files.writeString(file, "left behind by a crash");
    ServerSocketChannel server = HybridVsock.listen(file, uid());
    try (SocketChannel first = SocketChannel.open(UnixDomainSocketAddress.of(file));
        SocketChannel taken = HybridVsock.accept(server, file, SOON)) {
      first.write(ByteBuffer.wrap(new byte[] {7}));
      ByteBuffer one = ByteBuffer.allocate(1);
      taken.read(one);
      assertThat(one.get(0)).isEqualTo((byte) 7);
      assertThat(file).doesNotExist();
      assertThatThrownBy(() -> SocketChannel.open(UnixDomainSocketAddress.of(file)))
          .isInstanceOf(IOException.class);
    }
  }

  private int uid() throws IOException {
    return (Integer) Files.getAttribute(folder, "unix:uid");
  }

  @Test
  void aConnectionOfAnotherUserIsClosedAndTheRightOneStillTaken() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"), "users are changed by root only");
    Files.setPosixFilePermissions(
        folder, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
    Path file = HybridVsock.listener(folder.resolve("v.sock"), 5000);
    // Owned by a user of a jail; root, who is not that user, may connect all the same.
    ServerSocketChannel server = HybridVsock.listen(file, 30_007);
    try (SocketChannel wrong = SocketChannel.open(UnixDomainSocketAddress.of(file))) {
      Process right =
          new ProcessBuilder(
                  "setpriv",
                  "--reuid",
                  "30007",
                  "--regid",
                  "30007",
                  "--clear-groups",
                  "perl",
                  "-MIO::Socket::UNIX",
                  "-e",
                  "my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die $!; print $s 'x';"
                      + " $s->flush; sleep 20",
                  file.toString())
              .inheritIO()
              .start();
      try (SocketChannel taken = HybridVsock.accept(server, file, SOON)) {
        ByteBuffer one = ByteBuffer.allocate(1);
        taken.read(one);
        assertThat(one.get(0)).isEqualTo((byte) 'x');
        assertThat(wrong.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      } finally {
        right.destroyForcibly().waitFor(5, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void nobodyWhoDialsIsToldAtTheDeadline() throws IOException {
    Path file = HybridVsock.listener(folder.resolve("v.sock"), 5000);
    ServerSocketChannel server = HybridVsock.listen(file, uid());
    assertThatThrownBy(() -> HybridVsock.accept(server, file, Duration.ofMillis(50)))
        .hasMessageContaining("50 ms");
    assertThat(server.isOpen()).isFalse();
    assertThat(file).doesNotExist();
  }
}
