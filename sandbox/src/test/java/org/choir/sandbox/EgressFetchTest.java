package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.choir.core.TenantId;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pages that the host fetches for a guest, by the guest's policy. */
class EgressFetchTest {
  @TempDir static Path folder;
  private static SSLContext tls;
  private static LocalWeb web;
  private static LocalWeb secure;

  private final List<EgressLog.Dial> log = new CopyOnWriteArrayList<>();
  private final TestNetwork network = new TestNetwork();

  @BeforeAll
  static void serve() throws Exception {
    Path store = folder.resolve("keys.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "k",
                "-keyalg",
                "EC",
                "-dname",
                "CN=s.example",
                "-ext",
                "san=dns:s.example",
                "-keystore",
                store.toString(),
                "-storepass",
                "changeit",
                "-validity",
                "3")
            .redirectErrorStream(true)
            .start();
    assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
    char[] word = "changeit".toCharArray();
    KeyStore keys = KeyStore.getInstance(store.toFile(), word);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("k", keys.getCertificate("k"));
    KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
    own.init(keys, word);
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    tls = SSLContext.getInstance("TLS");
    tls.init(own.getKeyManagers(), trust.getTrustManagers(), null);
    LocalWeb.Site site =
        (asked, out) -> {
          switch (asked.path()) {
            case "/moved" -> redirect(out, "/page?x=1");
            case "/away" -> redirect(out, "http://other.example/");
            case "/inside" -> redirect(out, "http://inside.example/latest/meta-data");
            case "/round" -> redirect(out, "/round");
            case "/huge" -> {
              out.write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
              for (int i = 0; i <= EgressFetch.BYTES_MAX >> 20; i++) {
                out.write(new byte[1 << 20]);
              }
            }
            case "/none" -> LocalWeb.missing(out);
            default ->
                LocalWeb.reply(out, "text/html; charset=utf-8", bytes("page " + asked.path()));
          }
        };
    web = new LocalWeb(site);
    secure = new LocalWeb(tls.getServerSocketFactory().createServerSocket(0), site);
  }

  @AfterAll
  static void close() throws Exception {
    web.close();
    secure.close();
  }

  @BeforeEach
  void names() {
    network.name("a.example", "93.184.216.34").lead("93.184.216.34", web.port());
    network.name("s.example", "93.184.216.35").lead("93.184.216.35", secure.port());
    network.name("t.example", "93.184.216.35");
    network.name("inside.example", "169.254.169.254");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void redirect(java.io.OutputStream out, String to) throws java.io.IOException {
    out.write(bytes("HTTP/1.1 302 Found\r\nLocation: " + to + "\r\nContent-Length: 0\r\n\r\n"));
  }

  private GuestCalls.Page fetch(String url) {
    Egress egress =
        new Egress(List.of(), EgressLimits.DEFAULT, network, log::add, InstantSource.system());
    EgressPolicy policy =
        EgressPolicy.allowing(
            TenantId.LOCAL, List.of("a.example", "s.example", "t.example", "inside.example"));
    EgressVolume volume =
        new EgressVolume(InstantSource.system(), LocalDate.EPOCH, 0, (day, n) -> {});
    return new EgressFetch(
            egress, new Egress.Client("rtest123", 1000, policy, volume), tls.getSocketFactory())
        .fetch(url);
  }

  private String refusal(String url) {
    try {
      return "no refusal but " + fetch(url);
    } catch (EgressException e) {
      return e.code();
    }
  }

  @Test
  void fetchesPlainAndSecurePages() {
    GuestCalls.Page page = fetch("http://a.example/page");
    assertThat(new String(page.body(), StandardCharsets.UTF_8)).isEqualTo("page /page");
    assertThat(page.type()).isEqualTo("text/html; charset=utf-8");
    assertThat(new String(fetch("https://s.example/x").body(), StandardCharsets.UTF_8))
        .isEqualTo("page /x");
    assertThat(log).hasSize(4).allSatisfy(dial -> assertThat(dial.reason()).isEqualTo("allowed"));
  }

  @Test
  void followsARedirectWithinWhatIsAllowedOnly() {
    assertThat(fetch("http://a.example/moved").url()).isEqualTo("http://a.example/page?x=1");
    assertThat(refusal("http://a.example/away")).isEqualTo("egress_not_allowed");
    assertThat(refusal("http://a.example/inside")).isEqualTo("egress_private_address");
    assertThat(refusal("http://a.example/round")).isEqualTo("egress_bad_request");
    assertThat(network.connected).noneMatch(address -> address.startsWith("169.254"));
  }

  @Test
  void aCertificateForAnotherNameIsRefused() {
    assertThat(refusal("https://t.example/")).isEqualTo("egress_unreachable");
    assertThat(log.getLast().reason()).isEqualTo("cut");
  }

  @Test
  void refusesWhatIsTooLargeMissingOrNoAddress() {
    assertThat(refusal("http://a.example/huge")).isEqualTo("egress_too_large");
    assertThat(refusal("http://a.example/none")).isEqualTo("egress_unreachable");
    for (String url : List.of("file:///etc/passwd", "ftp://a.example/", "http:///x", "x y", "")) {
      assertThat(refusal(url)).as(url).isEqualTo("egress_bad_request");
    }
    assertThat(refusal("http://u@a.example/")).isEqualTo("egress_bad_request");
    assertThat(refusal("http://b.example/")).isEqualTo("egress_not_allowed");
  }
}
