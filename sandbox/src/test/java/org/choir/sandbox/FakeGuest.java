package org.choir.sandbox;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.choir.core.Json;

/** The guest's end of a real socket, in the hands of a test that says what no agent would. */
final class FakeGuest implements AutoCloseable {
  private final ServerSocketChannel server;
  private final SocketChannel channel;
  final GuestLink link;

  FakeGuest(Path folder, String name) throws IOException {
    Path socket = folder.resolve(name);
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    link =
        GuestLink.over(
            name,
            SocketChannel.open(UnixDomainSocketAddress.of(socket)),
            InstantSource.system(),
            null);
    channel = server.accept();
  }

  static ObjectNode hello() {
    return Json.object()
        .put("agent", "0.1.0")
        .put("protocolMin", 1)
        .put("protocolMax", 1)
        .put("bootId", "b")
        .put("generation", 1)
        .put("token", "0123456789abcdef0123456789abcdef")
        .put("controllers", "");
  }

  FakeGuest greeted() throws IOException {
    say(Frame.control(0, Frame.HELLO, hello()));
    link.hello(Duration.ofSeconds(10));
    hear();
    return this;
  }

  void say(Frame frame) throws IOException {
    raw(frame.encode());
  }

  void note(int stream, ObjectNode body) throws IOException {
    say(Frame.control(stream, Frame.NOTE, body));
  }

  void raw(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** The next frame of the host. */
  Frame hear() throws IOException {
    FrameCutter cutter = new FrameCutter();
    Frame[] heard = new Frame[1];
    ByteBuffer one = ByteBuffer.allocate(1);
    while (heard[0] == null && channel.read(one.clear()) > 0) {
      cutter.feed(one.flip(), frame -> heard[0] = frame);
    }
    return heard[0];
  }

  @Override
  public void close() throws IOException {
    link.close();
    channel.close();
    server.close();
  }
}
