package org.choir.knowledge.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The fetcher against a server that answers with exactly the bytes a test wants. */
class WebFetcherTest {
  private static final WebLimits LIMITS = new WebLimits(Duration.ofSeconds(5), 10_000, 3);

  private ServerSocket server;
  private final List<String> asked = Collections.synchronizedList(new ArrayList<>());
  private volatile Answer answer = (path, out) -> out.write(ok("text/html", "<p>Hello</p>"));

  private interface Answer {
    void to(String path, java.io.OutputStream out) throws IOException;
  }

  @BeforeEach
  void start() throws IOException {
    server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::serve);
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  private void serve() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        Thread.ofVirtual().start(() -> answer(socket));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void answer(Socket socket) {
    try (socket) {
      StringBuilder head = new StringBuilder();
      InputStream in = socket.getInputStream();
      while (head.indexOf("\r\n\r\n") < 0) {
        int b = in.read();
        if (b < 0) {
          return;
        }
        head.append((char) b);
      }
      asked.add(head.toString());
      answer.to(head.toString().split(" ", -1)[1], socket.getOutputStream());
    } catch (IOException gone) {
      // The fetcher hung up, which some of these tests want.
    }
  }

  private static byte[] ok(String type, String body) {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    return ("HTTP/1.1 200 OK\r\nContent-Type: "
            + type
            + "\r\nContent-Length: "
            + bytes.length
            + "\r\n\r\n"
            + body)
        .getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] redirect(String to) {
    return ("HTTP/1.1 302 Found\r\nLocation: " + to + "\r\nContent-Length: 0\r\n\r\n")
        .getBytes(StandardCharsets.UTF_8);
  }

  private String site() {
    return "http://site.test:" + server.getLocalPort();
  }

  /** A name server of the test's: every host is this machine. */
  private WebFetcher fetcher(String... exempt) {
    return new WebFetcher(
        host -> new InetAddress[] {InetAddress.getLoopbackAddress()}, Set.of(exempt), LIMITS);
  }

  private WebFetcher open() {
    return fetcher("site.test:" + server.getLocalPort());
  }

  private static String code(WebAnswer answer) {
    return answer instanceof WebAnswer.Failed failed ? failed.code() : "page";
  }

  @Test
  void tellsOfEveryConnectionBeforeItIsMadeAndAfterIt() {
    List<String> told = Collections.synchronizedList(new ArrayList<>());
    Dials dials =
        new Dials() {
          @Override
          public Open open(String host, int port, String address) {
            told.add("open " + host + " " + address + ", asked " + asked.size());
            return (reason, sent, received) ->
                told.add("closed " + reason + " " + (sent > 0) + " " + (received > 0));
          }

          @Override
          public void refused(String host, int port, String reason) {
            told.add("refused " + host + " " + reason);
          }
        };
    answer = (path, out) -> out.write(redirect("http://inner.test:" + server.getLocalPort() + "/"));
    open().telling(dials).fetch(URI.create(site() + "/a"));
    assertThat(told)
        .containsExactly(
            "open site.test 127.0.0.1, asked 0",
            "closed allowed true true",
            "refused inner.test private_address");
    answer = (path, out) -> {};
    told.clear();
    open().telling(dials).fetch(URI.create(site() + "/a"));
    assertThat(told.getLast()).isEqualTo("closed no_connection true false");
    // Who cannot record it keeps it from being made.
    int before = asked.size();
    Dials full =
        new Dials() {
          @Override
          public Open open(String host, int port, String address) {
            throw new IllegalStateException("the disk is full");
          }

          @Override
          public void refused(String host, int port, String reason) {}
        };
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> open().telling(full).fetch(URI.create(site() + "/a")))
        .hasMessage("the disk is full");
    assertThat(asked).hasSize(before);
  }

  @Test
  void readsAPageFromAnExemptHostAndSendsNoSecrets() {
    WebAnswer.Page page = (WebAnswer.Page) open().fetch(URI.create(site() + "/a?b=c"));
    assertThat(new String(page.body(), StandardCharsets.UTF_8)).isEqualTo("<p>Hello</p>");
    assertThat(page.mediaType()).isEqualTo("text/html");
    assertThat(asked.getFirst()).startsWith("GET /a?b=c HTTP/1.1\r\n");
    assertThat(asked.getFirst().toLowerCase(java.util.Locale.ROOT))
        .doesNotContain("cookie")
        .doesNotContain("authorization")
        .doesNotContain("referer");
  }

  @Test
  void refusesEveryAddressThatIsNotPublic() throws UnknownHostException {
    for (String address :
        List.of(
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "224.0.0.1",
            "255.255.255.255")) {
      InetAddress found =
          InetAddress.getByAddress("evil.test", InetAddress.getByName(address).getAddress());
      WebFetcher fetcher = new WebFetcher(host -> new InetAddress[] {found}, Set.of(), LIMITS);
      assertThat(code(fetcher.fetch(URI.create("http://evil.test:" + server.getLocalPort() + "/"))))
          .as(address)
          .isEqualTo("private_address");
    }
    assertThat(asked).isEmpty();
  }

  @Test
  void refusesAHostOneOfWhoseAddressesIsPrivate() throws UnknownHostException {
    InetAddress fine = InetAddress.getByName("93.184.216.34");
    WebFetcher fetcher =
        new WebFetcher(
            host -> new InetAddress[] {fine, InetAddress.getLoopbackAddress()}, Set.of(), LIMITS);
    assertThat(code(fetcher.fetch(URI.create("http://both.test/")))).isEqualTo("private_address");
  }

  @Test
  void resolvesANameOnceAndConnectsToWhatItChecked() {
    AtomicInteger questions = new AtomicInteger();
    WebFetcher fetcher =
        new WebFetcher(
            host -> {
              questions.incrementAndGet();
              return new InetAddress[] {InetAddress.getLoopbackAddress()};
            },
            Set.of("site.test:" + server.getLocalPort()),
            LIMITS);
    assertThat(code(fetcher.fetch(URI.create(site() + "/")))).isEqualTo("page");
    assertThat(questions).hasValue(1);
  }

  @Test
  void checksTheTargetOfARedirectLikeTheFirstAddress() {
    answer = (path, out) -> out.write(redirect("http://169.254.169.254/latest/meta-data"));
    assertThat(open().fetch(URI.create(site() + "/")))
        .isInstanceOfSatisfying(
            WebAnswer.Failed.class,
            f -> {
              assertThat(f.code()).isEqualTo("private_address");
              assertThat(f.reason()).startsWith("after a redirect");
            });
    answer = (path, out) -> out.write(redirect("http://other.test:" + server.getLocalPort() + "/"));
    assertThat(code(open().fetch(URI.create(site() + "/")))).isEqualTo("private_address");
    answer = (path, out) -> out.write(redirect("file:///etc/passwd"));
    assertThat(code(open().fetch(URI.create(site() + "/")))).isEqualTo("bad_address");
  }

  @Test
  void exemptsOneHostAndPortOnly() {
    assertThat(code(fetcher("site.test:1").fetch(URI.create(site() + "/"))))
        .isEqualTo("private_address");
    assertThat(code(fetcher("other.test:" + server.getLocalPort()).fetch(URI.create(site() + "/"))))
        .isEqualTo("private_address");
  }

  @Test
  void followsRedirectsUpToItsLimit() {
    answer =
        (path, out) ->
            out.write(
                path.equals("/c")
                    ? ok("text/plain", "end")
                    : redirect(path.equals("/a") ? "/b" : "c"));
    WebAnswer.Page page = (WebAnswer.Page) open().fetch(URI.create(site() + "/a"));
    assertThat(page.redirects()).hasSize(2);
    assertThat(page.last()).isEqualTo(URI.create(site() + "/c"));
    answer = (path, out) -> out.write(redirect("/again"));
    assertThat(code(open().fetch(URI.create(site() + "/a")))).isEqualTo("too_many_redirects");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ftp://site.test/x",
        "file:///etc/passwd",
        "gopher://site.test/",
        "javascript:alert(1)",
        "http://user:secret@site.test/",
        "http:///nohost",
        "//site.test/",
        "data:text/html,x",
        ""
      })
  void refusesWhatIsNoWebAddress(String address) {
    assertThat(code(open().fetch(URI.create(address)))).isEqualTo("bad_address");
    assertThat(asked).isEmpty();
  }

  @Test
  void givesUpOnAServerThatDripsAtTheDeadline() {
    WebLimits brief = new WebLimits(Duration.ofMillis(700), 10_000, 3);
    WebFetcher fetcher =
        new WebFetcher(
            host -> new InetAddress[] {InetAddress.getLoopbackAddress()},
            Set.of("site.test:" + server.getLocalPort()),
            brief);
    answer =
        (path, out) -> {
          out.write(
              "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n".getBytes(StandardCharsets.UTF_8));
          while (!server.isClosed()) {
            out.write('x');
            out.flush();
            java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
          }
        };
    assertThat(code(fetcher.fetch(URI.create(site() + "/")))).isEqualTo("timeout");
  }

  @Test
  void takesNoMoreThanItsLimitHoweverTheBodyIsSent() {
    String big = "x".repeat(10_001);
    answer = (path, out) -> out.write(ok("text/plain", big));
    assertThat(code(open().fetch(URI.create(site() + "/")))).isEqualTo("too_large");
    answer =
        (path, out) ->
            out.write(("HTTP/1.1 200 OK\r\n\r\n" + big).getBytes(StandardCharsets.UTF_8));
    assertThat(code(open().fetch(URI.create(site() + "/")))).isEqualTo("too_large");
    answer =
        (path, out) ->
            out.write(
                ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n" + big)
                    .getBytes(StandardCharsets.UTF_8));
    assertThat(code(open().fetch(URI.create(site() + "/")))).isEqualTo("too_large");
    answer =
        (path, out) -> {
          ByteArrayOutputStream packed = new ByteArrayOutputStream();
          try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(new byte[1 << 20]);
          }
          out.write(
              ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: "
                      + packed.size()
                      + "\r\n\r\n")
                  .getBytes(StandardCharsets.UTF_8));
          out.write(packed.toByteArray());
        };
    assertThat(code(open().fetch(URI.create(site() + "/")))).isEqualTo("too_large");
  }

  @Test
  void readsChunkedBodies() {
    answer =
        (path, out) ->
            out.write(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n4;x=y\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n"
                    .getBytes(StandardCharsets.UTF_8));
    WebAnswer.Page page = (WebAnswer.Page) open().fetch(URI.create(site() + "/"));
    assertThat(new String(page.body(), StandardCharsets.UTF_8)).isEqualTo("Wikipedia");
    assertThat(page.mediaType()).isEqualTo("text/plain");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut off",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nab",
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
      })
  void callsABrokenAnswerBad(String bytes) {
    answer = (path, out) -> out.write(bytes.getBytes(StandardCharsets.UTF_8));
    assertThat(code(open().fetch(URI.create(site() + "/")))).isEqualTo("bad_answer");
  }

  @Test
  void endsAHeadWithoutEnd() {
    answer =
        (path, out) -> {
          out.write("HTTP/1.1 200 OK\r\n".getBytes(StandardCharsets.UTF_8));
          for (int i = 0; i < 100_000; i++) {
            out.write(("X-" + i + ": y\r\n").getBytes(StandardCharsets.UTF_8));
          }
        };
    assertThat(code(open().fetch(URI.create(site() + "/")))).isEqualTo("bad_answer");
  }

  @Test
  void saysThatAHostIsUnknownOrDoesNotAnswer() throws IOException {
    WebFetcher unknown =
        new WebFetcher(
            host -> {
              throw new UnknownHostException(host);
            },
            Set.of(),
            LIMITS);
    assertThat(code(unknown.fetch(URI.create("http://nowhere.test/")))).isEqualTo("unknown_host");
    WebFetcher open = open();
    server.close();
    assertThat(code(open.fetch(URI.create(site() + "/")))).isEqualTo("no_connection");
  }
}
