package org.choir.economy;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import org.choir.core.ChoirException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The door for webhooks: {@code POST /webhooks/stripe} on the loopback, to which a proxy brings the
 * service's messages. One exchange a connection, with limits on everything and one deadline for all
 * of it, so that nobody keeps the door busy. It answers 200 when an event is durable, 400 when it
 * is nobody's we know, 503 when it could not be kept: then the service brings it again.
 */
public final class WebhookListener implements AutoCloseable {
  /** Where it listens below its address. */
  public static final String PATH = "/webhooks/stripe";

  private static final int CONNECTIONS_MAX = 64;
  private static final int HEAD_MAX = 16 << 10;

  private static final Logger LOG = LoggerFactory.getLogger(WebhookListener.class);

  private final Webhooks webhooks;
  private final Runnable taken;
  private final Duration deadline;
  private final ServerSocket door;
  private final Semaphore places = new Semaphore(CONNECTIONS_MAX);

  private WebhookListener(Webhooks webhooks, Runnable taken, Duration deadline, ServerSocket door) {
    this.webhooks = webhooks;
    this.taken = taken;
    this.deadline = deadline;
    this.door = door;
  }

  /**
   * Starts listening on the loopback.
   *
   * @param port 0 takes a free one
   * @param deadline for one exchange, from connection to answer
   * @param taken is told after an event was kept and acknowledged; must not take long
   * @throws ChoirException {@code webhook_port_taken}
   */
  public static WebhookListener start(
      Webhooks webhooks, int port, Duration deadline, Runnable taken) {
    try {
      ServerSocket door = new ServerSocket();
      door.setReuseAddress(true);
      door.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECTIONS_MAX);
      WebhookListener listener = new WebhookListener(webhooks, taken, deadline, door);
      Thread.ofVirtual().name("webhooks").start(listener::listen);
      return listener;
    } catch (IOException e) {
      throw ChoirException.fatal(
          "webhook_port_taken",
          "cannot listen for webhooks on port " + port + ": " + e.getMessage(),
          "choose another: payments.webhook-port",
          e);
    }
  }

  /** Where webhooks are to be brought. */
  public URI address() {
    return URI.create("http://127.0.0.1:" + door.getLocalPort() + PATH);
  }

  private void listen() {
    while (!door.isClosed()) {
      try {
        Socket socket = door.accept();
        if (!places.tryAcquire()) {
          socket.close();
          continue;
        }
        Thread.ofVirtual()
            .name("webhook")
            .start(
                () -> {
                  try {
                    exchange(socket);
                  } finally {
                    places.release();
                  }
                });
      } catch (IOException e) {
        if (!door.isClosed()) {
          LOG.warn("a webhook's connection failed", e);
        }
      }
    }
  }

  private void exchange(Socket socket) {
    try (socket) {
      Answer answer = answer(new TimedInput(socket, deadline));
      String head =
          "HTTP/1.1 " + answer.status() + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().flush();
      if (answer == Answer.TAKEN) {
        taken.run();
      }
    } catch (SocketTimeoutException e) {
      LOG.debug("a webhook took too long");
    } catch (IOException | UncheckedIOException e) {
      LOG.debug("a webhook's connection broke", e);
    }
  }

  /** What is answered. */
  private enum Answer {
    TAKEN("200 OK"),
    BAD("400 Bad Request"),
    ELSEWHERE("404 Not Found"),
    LENGTH("411 Length Required"),
    LARGE("413 Content Too Large"),
    LATER("503 Service Unavailable");

    private final String status;

    Answer(String status) {
      this.status = status;
    }

    String status() {
      return status;
    }
  }

  private Answer answer(TimedInput input) throws IOException {
    String request = input.line();
    Map<String, String> headers = new TreeMap<>();
    for (String line = input.line(); !line.isEmpty(); line = input.line()) {
      int colon = line.indexOf(':');
      String name = colon < 1 ? "" : line.substring(0, colon).toLowerCase(Locale.ROOT);
      if (name.isEmpty() || headers.put(name, line.substring(colon + 1).strip()) != null) {
        return Answer.BAD;
      }
    }
    if (!request.matches("POST " + PATH + " HTTP/1\\.[01]")) {
      return Answer.ELSEWHERE;
    }
    String length = headers.getOrDefault("content-length", "");
    if (!length.matches("[0-9]{1,9}") || headers.containsKey("transfer-encoding")) {
      return Answer.LENGTH;
    }
    int bytes = Integer.parseInt(length);
    if (bytes > Webhooks.BODY_MAX) {
      return Answer.LARGE;
    }
    try {
      webhooks.accept(input.exactly(bytes), headers.getOrDefault("stripe-signature", ""));
      return Answer.TAKEN;
    } catch (ChoirException e) {
      boolean theirs = e.code().startsWith("bad_");
      if (theirs) {
        LOG.info("a webhook is refused: {}", e.failure().message());
      } else {
        LOG.warn("a webhook could not be kept; it will come again", e);
      }
      return theirs ? Answer.BAD : Answer.LATER;
    }
  }

  /** Reads of one connection with one deadline for all of them. */
  private static final class TimedInput {
    private final Socket socket;
    private final InputStream in;
    private final long endNanos;
    private int head;

    TimedInput(Socket socket, Duration deadline) throws IOException {
      this.socket = socket;
      this.in = new java.io.BufferedInputStream(socket.getInputStream(), 8 << 10);
      this.endNanos = System.nanoTime() + deadline.toNanos();
    }

    private void time() throws IOException {
      long left = (endNanos - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        throw new SocketTimeoutException("too slow");
      }
      socket.setSoTimeout((int) Math.min(left, Integer.MAX_VALUE));
    }

    String line() throws IOException {
      StringBuilder line = new StringBuilder();
      while (true) {
        time();
        int b = in.read();
        if (b < 0 || ++head > HEAD_MAX) {
          throw new IOException("no end of the head");
        }
        if (b == '\n') {
          int end = line.length();
          return end > 0 && line.charAt(end - 1) == '\r'
              ? line.substring(0, end - 1)
              : line.toString();
        }
        line.append((char) b);
      }
    }

    byte[] exactly(int bytes) throws IOException {
      byte[] body = new byte[bytes];
      int at = 0;
      while (at < bytes) {
        time();
        int n = in.read(body, at, bytes - at);
        if (n < 0) {
          throw new IOException("the body ends early");
        }
        at += n;
      }
      return body;
    }
  }

  @Override
  public void close() {
    try {
      door.close();
    } catch (IOException e) {
      throw new UncheckedIOException("the door for webhooks does not close", e);
    }
  }
}
