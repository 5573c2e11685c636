package org.choir.sandbox.firecracker;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import jdk.net.ExtendedSocketOptions;
import org.choir.sandbox.SandboxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The guest's sockets as Unix sockets of the host (Firecracker's {@code docs/vsock.md}). A port
 * that the guest may reach is a file {@code <path>_<port>} on which somebody listens: the files
 * that exist are the whole list of what it may reach.
 */
final class HybridVsock {
  /** {@code sun_path} has 108 bytes with its end. */
  static final int PATH_BYTES_MAX = 107;

  private static final Logger LOG = LoggerFactory.getLogger(HybridVsock.class);
  private static final int ANSWER_BYTES_MAX = 32;
  private static final Pattern OK = Pattern.compile("OK [0-9]{1,10}");

  private HybridVsock() {}

  /** The file for a port that the guest may dial. */
  static Path listener(Path socket, int port) {
    return socket.resolveSibling(socket.getFileName() + "_" + port);
  }

  static void requireShort(Path socket) {
    int bytes = socket.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes > PATH_BYTES_MAX) {
      throw SandboxException.lasting(
          "path_too_long",
          "the socket %s has %d bytes, more than %d".formatted(socket, bytes, PATH_BYTES_MAX),
          "set sandbox.firecracker.jails to a folder with a short path");
    }
  }

  /**
   * Listens for the guest on one port. Whatever lies there from an earlier time is removed.
   *
   * @param owner the user that Firecracker runs as; nobody else can connect
   */
  static ServerSocketChannel listen(Path file, int owner) throws IOException {
    requireShort(file);
    Files.deleteIfExists(file);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    boolean done = false;
    try {
      server.bind(UnixDomainSocketAddress.of(file), 1);
      Files.setAttribute(file, "unix:uid", owner);
      Files.setAttribute(file, "unix:gid", owner);
      server.configureBlocking(false);
      done = true;
      return server;
    } finally {
      if (!done) {
        server.close();
      }
    }
  }

  /**
   * Takes the guest's one connection. Connections of other users than Firecracker's are closed;
   * after the right one nobody listens any more, so that a second is refused.
   */
  static SocketChannel accept(ServerSocketChannel server, Path file, Duration patience)
      throws IOException {
    String expected = Files.getOwner(file).getName();
    long deadline = System.nanoTime() + patience.toNanos();
    try (server;
        Selector selector = Selector.open()) {
      server.register(selector, SelectionKey.OP_ACCEPT);
      while (true) {
        long left = (deadline - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          throw new IOException("the guest did not dial within " + patience.toMillis() + " ms");
        }
        selector.select(left);
        selector.selectedKeys().clear();
        SocketChannel peer = server.accept();
        if (peer == null) {
          continue;
        }
        String user = peer.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName();
        if (user.equals(expected)) {
          return peer;
        }
        LOG.warn("a connection of user {} to {} was closed: it is {}'s", user, file, expected);
        peer.close();
      }
    } finally {
      Files.deleteIfExists(file);
    }
  }

  /**
   * Connects to a port on which the guest listens. The request is written in one piece, since it is
   * read in one; a guest without a listener closes the connection without a word.
   */
  static SocketChannel connect(Path socket, int port, Duration patience) throws IOException {
    requireShort(socket);
    SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    boolean done = false;
    try (Selector selector = Selector.open()) {
      channel.write(
          ByteBuffer.wrap(("CONNECT " + port + "\n").getBytes(StandardCharsets.US_ASCII)));
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_READ);
      long deadline = System.nanoTime() + patience.toNanos();
      ByteBuffer one = ByteBuffer.allocate(1);
      StringBuilder line = new StringBuilder();
      // Byte by byte: what follows the line is the guest's first word already.
      while (true) {
        int n = channel.read(one.clear());
        if (n < 0) {
          throw new IOException("nobody listens on the guest's port " + port);
        }
        if (n > 0) {
          char letter = (char) one.get(0);
          if (letter == '\n') {
            break;
          }
          line.append(letter);
          if (line.length() > ANSWER_BYTES_MAX) {
            throw new IOException("no answer to CONNECT but " + line);
          }
          continue;
        }
        long left = (deadline - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          throw new IOException("no answer to CONNECT within " + patience.toMillis() + " ms");
        }
        selector.select(left);
        selector.selectedKeys().clear();
      }
      if (!OK.matcher(line).matches()) {
        throw new IOException("no answer to CONNECT but " + line);
      }
      done = true;
    } finally {
      if (!done) {
        channel.close();
      }
    }
    channel.configureBlocking(true);
    return channel;
  }
}
