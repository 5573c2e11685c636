package org.choir.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A web server on the loopback, one request a connection: answers with what a test says, keeps the
 * heads it was sent. It reads just enough HTTP for that.
 */
final class LocalWeb implements AutoCloseable {
  /** A request with its body read by its content-length or its chunks' bytes as they came. */
  record Asked(String head, InputStream body) {
    String line() {
      return head.substring(0, head.indexOf('\r'));
    }

    String path() {
      return line().split(" ", -1)[1];
    }
  }

  /** Answers on the open connection. */
  interface Site {
    void answer(Asked asked, OutputStream out) throws IOException;
  }

  final List<String> heads = new CopyOnWriteArrayList<>();
  private final ServerSocket server;
  private final Site site;

  LocalWeb(Site site) throws IOException {
    this(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), site);
  }

  /**
   * @param server plain or TLS
   */
  LocalWeb(ServerSocket server, Site site) {
    this.server = server;
    this.site = site;
    Thread.ofVirtual().name("local-web").start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  static void reply(OutputStream out, String type, byte[] body) throws IOException {
    out.write(
        ("HTTP/1.1 200 OK\r\nContent-Type: "
                + type
                + "\r\nContent-Length: "
                + body.length
                + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
    out.write(body);
    out.flush();
  }

  static void missing(OutputStream out) throws IOException {
    out.write(
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        Thread.ofVirtual().name("local-web-one").start(() -> serve(socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      InputStream in = new java.io.BufferedInputStream(socket.getInputStream());
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int b = in.read();
        if (b < 0) {
          return;
        }
        head.append((char) b);
      }
      heads.add(head.toString());
      site.answer(new Asked(head.toString(), in), socket.getOutputStream());
    } catch (IOException e) {
      heads.add("broken: " + e.getMessage());
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
