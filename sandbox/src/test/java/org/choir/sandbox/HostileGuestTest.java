package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.choir.core.Json;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The host's side of the protocol against a guest that says what it should not. */
class HostileGuestTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  @TempDir Path folder;
  private ServerSocketChannel server;
  private SocketChannel guest;
  private GuestLink link;

  @BeforeEach
  void connect() throws IOException {
    Path socket = folder.resolve("s");
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    link =
        GuestLink.over(
            "hostile",
            SocketChannel.open(UnixDomainSocketAddress.of(socket)),
            InstantSource.system(),
            null);
    guest = server.accept();
  }

  @AfterEach
  void end() throws IOException {
    link.close();
    guest.close();
    server.close();
  }

  @Test
  void aHelloIsAnsweredWithAWelcome() throws Exception {
    say(Frame.control(0, Frame.HELLO, hello()));
    assertThat(link.hello(PATIENCE).bootId()).isEqualTo("b");
    assertThat(hear().type()).isEqualTo(Frame.WELCOME);
  }

  @Test
  void refusesAHelloOfAnotherVersion() throws Exception {
    say(Frame.control(0, Frame.HELLO, hello().put("protocolMin", 3).put("protocolMax", 9)));
    assertThat(ending()).contains("versions 3 to 9");
  }

  @Test
  void refusesAHelloWithUnknownFields() throws Exception {
    say(Frame.control(0, Frame.HELLO, hello().put("extra", 1)));
    assertThat(ending()).contains("extra");
  }

  @Test
  void refusesAHelloThatIsNoJson() throws Exception {
    say(new Frame(0, Frame.HELLO, (byte) 0, new byte[] {'{', '"'}));
    ending();
  }

  @Test
  void refusesAControlBodyThatIsTooLong() throws Exception {
    say(new Frame(0, Frame.HELLO, (byte) 0, new byte[Frame.CONTROL_MAX + 1]));
    assertThat(ending()).contains("control body");
  }

  @Test
  void refusesASecondHello() throws Exception {
    greet();
    say(Frame.control(0, Frame.HELLO, hello()));
    ending();
  }

  @Test
  void refusesAnOversizedFrame() throws Exception {
    raw(ByteBuffer.allocate(4).putInt(Frame.FRAME_MAX + 1).flip());
    assertThat(ending()).contains("262145 bytes");
  }

  @Test
  void refusesAFrameOfLengthZero() throws Exception {
    raw(ByteBuffer.allocate(4).flip().limit(4));
    ending();
  }

  @Test
  void refusesAnUnknownStream() throws Exception {
    greet();
    say(new Frame(77, Frame.DATA, (byte) 0, new byte[] {1}));
    assertThat(ending()).contains("unknown stream 77");
  }

  @Test
  void refusesAnUnknownType() throws Exception {
    greet();
    Call call = link.open(Json.object().put("op", "x"), PATIENCE);
    say(new Frame(call.id(), (byte) 0x66, (byte) 0, new byte[0]));
    assertThat(ending()).contains("unknown frame type");
  }

  @Test
  void refusesMoreDataThanItsCredit() throws Exception {
    greet();
    Call call = link.open(Json.object().put("op", "x"), PATIENCE);
    for (int i = 0; i < 3; i++) {
      say(new Frame(call.id(), Frame.DATA, (byte) 0, new byte[Frame.CHUNK]));
    }
    assertThat(ending()).contains("credit");
  }

  @Test
  void refusesEmptyDataWhichWouldCostMemoryButNoCredit() throws Exception {
    greet();
    Call call = link.open(Json.object().put("op", "x"), PATIENCE);
    say(new Frame(call.id(), Frame.DATA, (byte) 0, new byte[0]));
    ending();
  }

  @Test
  void refusesBoundlessCredit() throws Exception {
    greet();
    Call call = link.open(Json.object().put("op", "x"), PATIENCE);
    say(Frame.credit(call.id(), Integer.MAX_VALUE));
    ending();
  }

  @Test
  void refusesAnAnswerAfterTheEnd() throws Exception {
    greet();
    Call call = link.open(Json.object().put("op", "x"), PATIENCE);
    say(Frame.control(call.id(), Frame.END, Json.object()));
    say(Frame.control(call.id(), Frame.END, Json.object()));
    ending();
    assertThat(call.next(PATIENCE)).isNull();
  }

  @Test
  void aGuestThatGrantsNothingIsGivenUpAtTheDeadline() throws Exception {
    greet();
    Call call = link.open(Json.object().put("op", "x"), PATIENCE);
    assertThat(call.takeCredit(Frame.CREDIT_START, PATIENCE)).isEqualTo(Frame.CREDIT_START);
    assertThatThrownBy(() -> call.takeCredit(1, Duration.ofMillis(200)))
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.code()).isEqualTo("guest_unresponsive"));
    assertThat(link.lost().get(10, TimeUnit.SECONDS).code()).isEqualTo("guest_unresponsive");
  }

  @Test
  void aGuestThatReadsNothingIsGivenUpAtTheDeadline() throws Exception {
    greet();
    Frame chunk = new Frame(1, Frame.DATA, (byte) 0, new byte[Frame.CHUNK]);
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 1000; i++) {
                link.send(chunk, Duration.ofMillis(200));
              }
            })
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.code()).isEqualTo("guest_unresponsive"));
  }

  @Test
  void aSilentGuestIsGivenUpAtTheDeadline() {
    assertThatThrownBy(() -> link.hello(Duration.ofMillis(200)))
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.code()).isEqualTo("guest_unresponsive"));
  }

  @Test
  void everyCallHearsThatTheGuestIsGoneEvenInTheMiddleOfAFrame() throws Exception {
    greet();
    Call one = link.open(Json.object().put("op", "x"), PATIENCE);
    Call two = link.open(Json.object().put("op", "y"), PATIENCE);
    raw(ByteBuffer.allocate(7).putInt(100).flip());
    guest.close();
    for (Call call : new Call[] {one, two}) {
      assertThatThrownBy(() -> call.next(PATIENCE))
          .isInstanceOfSatisfying(
              SandboxException.class, e -> assertThat(e.code()).isEqualTo("guest_lost"));
    }
    assertThatThrownBy(() -> link.open(Json.object().put("op", "z"), PATIENCE))
        .isInstanceOf(SandboxException.class);
  }

  @Test
  void aRefusalIsShownWithoutControlCharactersAndWithACodeOnly() throws Exception {
    greet();
    Call call = link.open(Json.object().put("op", "x"), PATIENCE);
    say(
        Frame.control(
            call.id(),
            Frame.ERROR,
            Json.object().put("code", "Bad Code!").put("message", "red\u001b[31m\n\u202e")));
    assertThatThrownBy(() -> call.next(PATIENCE))
        .isInstanceOfSatisfying(
            SandboxException.class,
            e -> {
              assertThat(e.code()).isEqualTo("agent_error");
              assertThat(e.failure().message()).isEqualTo("red [31m ");
            });
  }

  @Test
  void noiseEndsTheConnectionAndNothingElse() throws Exception {
    long seed = Long.getLong("choir.seed", System.nanoTime());
    Random random = new Random(seed);
    greet();
    byte[] noise = new byte[20_000];
    random.nextBytes(noise);
    noise[0] = (byte) 0xff; // a length that cannot be, so that it surely ends
    raw(ByteBuffer.wrap(noise));
    assertThat(link.lost().get(10, TimeUnit.SECONDS).code())
        .as("seed " + seed)
        .isIn("protocol_error", "guest_lost");
  }

  private static ObjectNode hello() {
    return Json.object()
        .put("agent", "0.1.0")
        .put("protocolMin", 1)
        .put("protocolMax", 1)
        .put("bootId", "b")
        .put("generation", 1)
        .put("token", "0123456789abcdef0123456789abcdef")
        .put("controllers", "");
  }

  private void greet() throws IOException {
    say(Frame.control(0, Frame.HELLO, hello()));
    link.hello(PATIENCE);
    assertThat(hear().type()).isEqualTo(Frame.WELCOME);
  }

  private void say(Frame frame) throws IOException {
    raw(frame.encode());
  }

  private void raw(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      guest.write(bytes);
    }
  }

  private Frame hear() throws IOException {
    FrameCutter cutter = new FrameCutter();
    Frame[] heard = new Frame[1];
    ByteBuffer one = ByteBuffer.allocate(1);
    while (heard[0] == null && guest.read(one.clear()) > 0) {
      cutter.feed(one.flip(), frame -> heard[0] = frame);
    }
    return heard[0];
  }

  private String ending() throws Exception {
    SandboxException reason = link.lost().get(10, TimeUnit.SECONDS);
    assertThat(reason.code()).isEqualTo("protocol_error");
    return reason.failure().message();
  }
}
