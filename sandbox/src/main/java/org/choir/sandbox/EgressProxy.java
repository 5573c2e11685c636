package org.choir.sandbox;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.core.Json;
import org.choir.core.Text;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a program in a guest to the proxy there, from its first byte to its last. The
 * agent in the guest only carries the bytes: what is asked for is read here and nowhere else.
 *
 * <p>A connection serves one request. {@code CONNECT} opens a tunnel through which TLS passes whose
 * hello names the same host; a plain request is sent on with its head written anew, so that the
 * host that was checked is the host that is asked, and a second request needs a second check. No
 * redirect is followed here.
 */
final class EgressProxy {
  private static final Logger LOG = LoggerFactory.getLogger(EgressProxy.class);
  private static final Duration FIRST_REQUEST = Duration.ofSeconds(30);
  private static final int MESSAGE_MAX = 300;

  private final Egress egress;
  private final Egress.Client client;
  private final IncomingStream stream;
  private final long begun = System.nanoTime();
  private volatile @Nullable Dialed dialed;

  EgressProxy(Egress egress, Egress.Client client, IncomingStream stream) {
    this.egress = egress;
    this.client = client;
    this.stream = stream;
  }

  /** Serves the connection and ends its stream. */
  void serve() {
    InputStream in = stream.input(this::patience);
    OutputStream out = stream.output(this::patience);
    try {
      HttpTarget target = null;
      try {
        Optional<HttpHead> head = HttpHead.read(in);
        if (head.isPresent()) {
          Optional<HttpHead.Body> body = head.get().body();
          target = HttpTarget.of(head.get().first());
          if (target.tunnel()) {
            tunnel(target, in, out);
          } else {
            request(target, head.get(), body, in, out);
          }
        }
      } catch (EgressException e) {
        if (target == null) {
          egress.refused(client, "", e);
        }
        answer(out, e);
      }
      stream.end(Json.object());
    } catch (IOException e) {
      stream.fail("cut", String.valueOf(e.getMessage()));
    }
  }

  private void tunnel(HttpTarget target, InputStream in, OutputStream out) throws IOException {
    try (Dialed made = egress.dial(client, target.host(), target.port())) {
      adopt(made);
      out.write("HTTP/1.1 200 Connection established\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      OutputStream there = made.socket().getOutputStream();
      boolean[] passed = new boolean[1];
      guarded(
          made,
          () -> {
            ClientHello hello = ClientHello.read(in);
            hello.requireFor(made.host());
            made.send(there, hello.bytes(), hello.bytes().length);
            passed[0] = true;
          });
      if (!passed[0]) {
        return; // nothing of the guest's was sent; its program sees the tunnel end
      }
      Thread.ofVirtual().name("egress-up").start(() -> guarded(made, () -> up(made, in, there)));
      guarded(
          made,
          () ->
              HttpBody.toTheEnd(
                  made.input(),
                  (bytes, n) -> {
                    made.receive(n);
                    out.write(bytes, 0, n);
                  }));
    }
  }

  private void request(
      HttpTarget target,
      HttpHead head,
      Optional<HttpHead.Body> body,
      InputStream in,
      OutputStream out)
      throws IOException {
    boolean waits = head.field("expect").isPresent();
    boolean[] answered = new boolean[1];
    try (Dialed made = egress.dial(client, target.host(), target.port())) {
      adopt(made);
      OutputStream there = made.socket().getOutputStream();
      byte[] anew = anew(target, made.host(), head).bytes();
      made.send(there, anew, anew.length);
      if (waits && body.isPresent()) {
        out.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      }
      Thread.ofVirtual()
          .name("egress-up")
          .start(
              () ->
                  guarded(
                      made,
                      () -> HttpBody.copy(body, in, (bytes, n) -> made.send(there, bytes, n))));
      guarded(made, () -> respond(target, made, out, answered));
      if (!answered[0]) {
        throw new EgressException(
            "egress_unreachable", 502, made.host() + " gave no answer", "try again later");
      }
    }
  }

  private static void respond(
      HttpTarget target, Dialed dialed, OutputStream out, boolean[] answered) throws IOException {
    InputStream from = new BufferedInputStream(dialed.input(), Frame.CHUNK);
    HttpHead response;
    do {
      response = HttpHead.read(from).orElse(null);
    } while (response != null && response.first().startsWith("HTTP/1.1 1"));
    if (response == null) {
      return;
    }
    boolean none =
        target.method().equals("HEAD") || response.first().matches("HTTP/1\\.[01] (204|304)( .*)?");
    List<HttpHead.Field> fields = new ArrayList<>(response.endToEnd());
    fields.add(new HttpHead.Field("Connection", "close"));
    byte[] head = new HttpHead(response.first(), fields).bytes();
    dialed.receive(head.length);
    answered[0] = true;
    out.write(head);
    HttpBody.Sink sink =
        (bytes, n) -> {
          dialed.receive(n);
          out.write(bytes, 0, n);
        };
    if (none) {
      return;
    }
    if (response.body().isPresent()) {
      HttpBody.copy(response.body(), from, sink);
    } else {
      HttpBody.toTheEnd(from, sink);
    }
  }

  private static HttpHead anew(HttpTarget target, HostName host, HttpHead head) {
    List<HttpHead.Field> fields = new ArrayList<>();
    String authority = host.inUrl() + (target.port() == 80 ? "" : ":" + target.port());
    fields.add(new HttpHead.Field("Host", authority));
    head.endToEnd().stream().filter(f -> !f.is("host")).forEach(fields::add);
    fields.add(new HttpHead.Field("Connection", "close"));
    return new HttpHead(target.method() + " " + target.path() + " HTTP/1.1", fields);
  }

  private static void up(Dialed dialed, InputStream in, OutputStream there) throws IOException {
    byte[] buffer = new byte[Frame.CHUNK];
    while (true) {
      int n;
      try {
        n = in.read(buffer);
      } catch (SocketTimeoutException e) {
        if (dialed.patience().isZero()) {
          throw e;
        }
        continue; // the other direction has moved meanwhile
      }
      if (n < 0) {
        dialed.socket().shutdownOutput();
        return;
      }
      dialed.send(there, buffer, n);
    }
  }

  /** From here on the connection's own deadlines count, and both ends end together. */
  private void adopt(Dialed made) {
    dialed = made;
    stream.onCancel(
        () -> {
          made.because("guest_closed");
          shut(made);
        });
  }

  private Duration patience() {
    Dialed made = dialed;
    return made == null ? FIRST_REQUEST.minusNanos(System.nanoTime() - begun) : made.patience();
  }

  private interface Piece {
    void run() throws IOException;
  }

  /** One direction: what breaks it is noted and ends the other one too. */
  private void guarded(Dialed dialed, Piece piece) {
    try {
      piece.run();
    } catch (EgressException e) {
      dialed.because(e.code());
      shut(dialed);
    } catch (SocketTimeoutException e) {
      dialed.because("egress_timeout");
      shut(dialed);
    } catch (IOException e) {
      dialed.because(stream.cancelled() ? "guest_closed" : "cut");
      shut(dialed);
    }
  }

  private static void shut(Dialed dialed) {
    try {
      dialed.socket().close();
    } catch (IOException e) {
      LOG.debug("closing a connection to {}: {}", dialed.host(), e.getMessage());
    }
  }

  /** What a program that speaks HTTP is told; its first line too, since many show nothing else. */
  private static void answer(OutputStream out, EgressException e) throws IOException {
    String message = Text.visible(e.failure().message(), MESSAGE_MAX);
    String remedy = e.failure().remedy();
    byte[] body =
        ("choir: " + message + (remedy.isEmpty() ? "" : "; " + remedy) + " (" + e.code() + ")\n")
            .getBytes(StandardCharsets.UTF_8);
    String head =
        "HTTP/1.1 %d Refused by choir: %s\r\nX-Choir-Reason: %s\r\n"
                .formatted(e.status(), message.replaceAll("[^ -~]", "?"), e.code())
            + "Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n"
                .formatted(body.length)
            + "Connection: close\r\n\r\n";
    out.write(head.getBytes(StandardCharsets.US_ASCII));
    out.write(body);
  }
}
