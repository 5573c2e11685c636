package org.choir.backbone;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A TCP proxy before nats-server that loses answers: once told, it passes requests on, keeps the
 * next acknowledgements of the state stream for itself, and cuts the connection in their place.
 */
final class CuttingProxy implements AutoCloseable {
  private static final byte[] ACK =
      "{\"stream\":\"VIBEWRITER_STATE\"".getBytes(StandardCharsets.US_ASCII);

  private final ServerSocket listener;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final AtomicInteger toLose = new AtomicInteger();
  private final AtomicInteger lost = new AtomicInteger();
  private final int target;
  private volatile boolean refusing;
  private volatile @Nullable IOException lastFailure;

  CuttingProxy(int target) throws IOException {
    this.target = target;
    this.listener = new ServerSocket(0, 16, InetAddress.ofLiteral("127.0.0.1"));
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** Loses the next so many acknowledgements, each with its connection. */
  void loseNext(int acknowledgements) {
    toLose.set(acknowledgements);
  }

  int lost() {
    return lost.get();
  }

  @Override
  public String toString() {
    return "proxy that lost " + lost + " answers, last failure " + lastFailure;
  }

  /** Cuts every connection there is now. */
  void cut() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
    sockets.clear();
  }

  /** Lets nobody connect while set. */
  void refuse(boolean on) {
    refusing = on;
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        if (refusing) {
          client.close();
          continue;
        }
        Socket server = new Socket(InetAddress.ofLiteral("127.0.0.1"), target);
        sockets.addAll(List.of(client, server));
        Thread.ofVirtual().start(() -> pump(client, server, false));
        Thread.ofVirtual().start(() -> pump(server, client, true));
      } catch (IOException e) {
        // The listener was closed, or nats-server is away: the client tries again.
        lastFailure = e;
      }
    }
  }

  private void pump(Socket from, Socket to, boolean answers) {
    byte[] buffer = new byte[1 << 16];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      int count = in.read(buffer);
      while (count >= 0) {
        if (answers && isAck(buffer, count) && toLose.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
          lost.incrementAndGet();
          return;
        }
        out.write(buffer, 0, count);
        out.flush();
        count = in.read(buffer);
      }
    } catch (IOException e) {
      // One side has gone, and try-with-resources lets go of the other.
      lastFailure = e;
    }
  }

  private static boolean isAck(byte[] buffer, int count) {
    for (int at = 0; at + ACK.length <= count; at++) {
      if (java.util.Arrays.equals(buffer, at, at + ACK.length, ACK, 0, ACK.length)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() throws IOException {
    listener.close();
    cut();
  }
}
