package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.Test;

/** The name in a TLS hello, as real clients write it and as hostile ones might. */
class ClientHelloTest {
  /** What the JDK's own TLS sends first. */
  static byte[] hello(String... serverNames) throws Exception {
    SSLEngine engine = SSLContext.getDefault().createSSLEngine();
    engine.setUseClientMode(true);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setServerNames(
        Arrays.stream(serverNames).<javax.net.ssl.SNIServerName>map(SNIHostName::new).toList());
    engine.setSSLParameters(parameters);
    engine.beginHandshake();
    ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    engine.wrap(ByteBuffer.allocate(0), out);
    return Arrays.copyOf(out.array(), out.position());
  }

  /** The same with one more extension. */
  static byte[] withExtension(byte[] hello, int type, byte[] body) {
    ByteBuffer in = ByteBuffer.wrap(hello);
    int at = 5 + 4 + 2 + 32;
    at += 1 + (in.get(at) & 0xff);
    at += 2 + (in.getShort(at) & 0xffff);
    at += 1 + (in.get(at) & 0xff);
    int extensions = in.getShort(at) & 0xffff;
    int more = 4 + body.length;
    ByteBuffer out = ByteBuffer.allocate(hello.length + more);
    out.put(hello).putShort((short) type).putShort((short) body.length).put(body);
    out.putShort(at, (short) (extensions + more));
    out.putShort(3, (short) ((in.getShort(3) & 0xffff) + more));
    int length = (in.get(6) & 0xff) << 16 | (in.get(7) & 0xff) << 8 | (in.get(8) & 0xff);
    out.put(6, (byte) ((length + more) >> 16))
        .put(7, (byte) ((length + more) >> 8))
        .put(8, (byte) (length + more));
    return out.array();
  }

  private static ClientHello read(byte[] bytes) throws IOException {
    return ClientHello.read(new ByteArrayInputStream(bytes));
  }

  private static String code(byte[] bytes, String host) {
    try {
      read(bytes).requireFor(HostName.of(host));
      return "";
    } catch (EgressException e) {
      return e.code();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void namesTheServer() throws Exception {
    byte[] bytes = hello("www.example.org");
    assertThat(read(bytes).serverName()).hasValue("www.example.org");
    assertThat(read(bytes).bytes()).isEqualTo(bytes);
    assertThat(code(bytes, "WWW.example.org.")).isEmpty();
  }

  @Test
  void aHelloForAnotherHostIsRefused() throws Exception {
    assertThat(code(hello("evil.example"), "www.example.org")).isEqualTo("egress_name_differs");
    assertThat(code(hello("example.org"), "www.example.org")).isEqualTo("egress_name_differs");
  }

  @Test
  void aHelloWithoutANameIsRefusedButForAnAddress() throws Exception {
    assertThat(code(hello(), "www.example.org")).isEqualTo("egress_no_server_name");
    assertThat(code(hello(), "192.0.2.7")).isEmpty();
    assertThat(code(hello("evil.example"), "192.0.2.7")).isEqualTo("egress_name_differs");
  }

  @Test
  void aHelloThatHidesItsNameIsRefusedWhateverItShows() throws Exception {
    byte[] hidden = withExtension(hello("www.example.org"), 0xfe0d, new byte[8]);
    assertThat(code(hidden, "www.example.org")).isEqualTo("egress_name_hidden");
    assertThat(code(withExtension(hello(), 0xfe0d, new byte[8]), "www.example.org"))
        .isEqualTo("egress_name_hidden");
    // The same change with a harmless extension passes, so it is the name that was refused.
    assertThat(
            code(withExtension(hello("www.example.org"), 0x1a1a, new byte[1]), "www.example.org"))
        .isEmpty();
  }

  @Test
  void twoNamesAreRefused() throws Exception {
    byte[] name = "evil.example".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    ByteBuffer second = ByteBuffer.allocate(5 + name.length);
    second
        .putShort((short) (3 + name.length))
        .put((byte) 0)
        .putShort((short) name.length)
        .put(name);
    assertThat(code(withExtension(hello("www.example.org"), 0, second.array()), "www.example.org"))
        .isEqualTo("egress_no_server_name");
  }

  @Test
  void aHelloInManyRecordsIsReadWhole() throws Exception {
    byte[] bytes = hello("www.example.org");
    ByteArrayOutputStream split = new ByteArrayOutputStream();
    for (int at = 5; at < bytes.length; at += 7) {
      int n = Math.min(7, bytes.length - at);
      split.write(bytes, 0, 3);
      split.write(n >> 8);
      split.write(n);
      split.write(bytes, at, n);
    }
    assertThat(read(split.toByteArray()).serverName()).hasValue("www.example.org");
    assertThat(read(split.toByteArray()).bytes()).isEqualTo(split.toByteArray());
  }

  @Test
  void whatIsNoTlsIsRefused() {
    for (String text : List.of("", "GET / HTTP/1.1\r\n\r\n", "SSH-2.0-x\r\n", "\u0016\u0003")) {
      assertThat(code(text.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1), "a.example"))
          .isEqualTo("egress_no_server_name");
    }
    byte[] huge = new byte[600];
    huge[0] = 22;
    huge[1] = 3;
    huge[3] = 1;
    huge[5] = 1;
    huge[6] = (byte) 0xff; // a hello of 16 MiB
    assertThat(code(huge, "a.example")).isEqualTo("egress_no_server_name");
  }

  @Test
  void noDamageIsMoreThanARefusal() throws Exception {
    long seed = Long.getLong("choir.seed", System.nanoTime());
    Random random = new Random(seed);
    byte[] good = hello("www.example.org");
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes =
          Arrays.copyOf(good, random.nextInt(10) == 0 ? random.nextInt(good.length) : good.length);
      for (int n = random.nextInt(4); n >= 0 && bytes.length > 0; n--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      try {
        ClientHello hello = read(bytes);
        assertThat(hello.bytes()).as("seed " + seed).hasSizeLessThanOrEqualTo(bytes.length);
      } catch (EgressException e) {
        assertThat(e.code()).as("seed " + seed).isEqualTo("egress_no_server_name");
      }
    }
    assertThatThrownBy(() -> read(Arrays.copyOf(good, 20))).isInstanceOf(EgressException.class);
  }
}
