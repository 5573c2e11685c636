package org.choir.backbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.choir.backbone.Fixture.AGENT;
import static org.choir.backbone.Fixture.ALICE;
import static org.choir.backbone.Fixture.BOB;
import static org.choir.backbone.Fixture.assertCode;
import static org.choir.backbone.Fixture.events;

import io.nats.client.Connection;
import io.nats.client.Nats;
import io.nats.client.api.MessageInfo;
import io.nats.client.impl.Headers;
import io.nats.client.impl.NatsMessage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.keys.FileDataKeys;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EncryptionTest {
  private static final String DRAFT = "The heron keeps its own calendar of the tides.";
  private static final String PLANTED = "A planted sentence that nobody has encrypted.";

  @TempDir Path temp = Path.of("");

  @Test
  void keepsNoSentenceReadableInAnyByteOfTheFolder() throws Exception {
    Fixture fixture = new Fixture(temp);
    AgentId agent = AGENT;
    try (Backbone backbone = fixture.start()) {
      StateEntry first = backbone.state().append(ALICE, agent, 1, null, events(DRAFT));
      String large = (DRAFT + " ").repeat(3_000);
      StateEntry second = backbone.state().append(ALICE, agent, 1, first, events(large));
      backbone.files().put(ALICE, agent, "drafts/draft.md", bytes(DRAFT));
      backbone.files().put(ALICE, agent, "drafts/large.md", bytes(large));
      try (StateStream.Subscription listening = backbone.control().listen(agent, message -> {})) {
        backbone.control().send(ALICE, agent, Fixture.event("note", DRAFT));
      }
      assertThat(backbone.state().read(agent)).containsExactly(first, second);
      // the control: what is not encrypted is found by the same search
      Headers id = new Headers();
      id.put("Nats-Msg-Id", "planted");
      try (Connection raw = raw(fixture, backbone)) {
        raw.jetStream()
            .publish("$O." + NatsConfiguration.BUCKET + ".C.planted", id, bytes(PLANTED));
      }
    }
    assertThat(filesWith(fixture.folder, PLANTED)).isNotEmpty();
    assertThat(filesWith(fixture.folder, DRAFT)).isEmpty();
    assertThat(filesWith(fixture.folder, DRAFT.substring(4, 20))).isEmpty();
  }

  @Test
  void namesTheEventThatWasTamperedWith() throws Exception {
    Fixture fixture = new Fixture(temp);
    try (Backbone backbone = fixture.start();
        Connection raw = raw(fixture, backbone)) {
      StateEntry first = backbone.state().append(ALICE, AGENT, 1, null, events("a"));
      StateEntry second = backbone.state().append(ALICE, AGENT, 1, first, events("b"));
      MessageInfo stored = message(raw, second.sequence());
      Headers headers = new Headers(stored.getHeaders());
      headers.put("Nats-Msg-Id", AGENT + ":1:3");
      headers.put(StateMessage.EXPECTED, Long.toString(second.sequence()));

      // the second message once more, under the next number
      long forged =
          publish(
              raw,
              AGENT,
              headers,
              bytes(
                  new String(stored.getData(), StandardCharsets.UTF_8)
                      .replace(AGENT + ":1:2", AGENT + ":1:3")));
      assertThatThrownBy(() -> backbone.state().read(AGENT))
          .isInstanceOfSatisfying(
              ChoirException.class, e -> assertThat(e.code()).isEqualTo("history_damaged"))
          .hasMessageContaining(AGENT.value())
          .hasMessageContaining("event " + forged);
    }
  }

  @Test
  void refusesAMessageMovedToAnotherAgent() throws Exception {
    Fixture fixture = new Fixture(temp);
    AgentId other = new AgentId("rother1");
    try (Backbone backbone = fixture.start();
        Connection raw = raw(fixture, backbone)) {
      StateEntry first = backbone.state().append(ALICE, AGENT, 1, null, events("a"));
      MessageInfo stored = message(raw, first.sequence());
      Headers headers = new Headers(stored.getHeaders());
      headers.put("Nats-Msg-Id", other + ":1:1");
      String body = new String(stored.getData(), StandardCharsets.UTF_8);
      publish(raw, other, headers, bytes(body.replace(AGENT + ":1:1", other + ":1:1")));
      assertCode("history_damaged", () -> backbone.state().read(other));
      assertCode("history_damaged", () -> backbone.state().last(other));
      assertThat(backbone.state().read(AGENT)).containsExactly(first);
    }
  }

  @Test
  void noticesAnEntryThatDoesNotFollowTheOneBeforeIt() {
    Fixture fixture = new Fixture(temp);
    try (Backbone backbone = fixture.start()) {
      StateEntry first = backbone.state().append(ALICE, AGENT, 1, null, events("a"));
      // genuine in itself, but written after another history than the stored one
      StateEntry other =
          new StateEntry(
              first.sequence(),
              ALICE,
              AGENT,
              1,
              1,
              first.at(),
              first.events(),
              Digest.of("another history"));
      StateEntry second = backbone.state().append(ALICE, AGENT, 1, other, events("b"));
      assertThatThrownBy(() -> backbone.state().read(AGENT))
          .hasMessageContaining("event " + second.sequence());
    }
  }

  @Test
  void refusesWhatANewerChoirWrote() throws Exception {
    Fixture fixture = new Fixture(temp);
    try (Backbone backbone = fixture.start();
        Connection raw = raw(fixture, backbone)) {
      StateEntry first = backbone.state().append(ALICE, AGENT, 1, null, events("a"));
      Headers headers = new Headers(message(raw, first.sequence()).getHeaders());
      headers.put("Nats-Msg-Id", AGENT + ":1:2");
      headers.put(StateMessage.EXPECTED, Long.toString(first.sequence()));
      headers.put(StateMessage.SCHEMA, "2");
      publish(raw, AGENT, headers, bytes("{\"schema\":2,\"unheard\":\"of\"}"));
      assertCode("newer_schema", () -> backbone.state().read(AGENT));
      assertCode("newer_schema", () -> backbone.state().last(AGENT));
    }
  }

  @Test
  void opensNothingOfAnErasedTenant() {
    Fixture fixture = new Fixture(temp);
    try (Backbone backbone = fixture.start()) {
      AgentId other = new AgentId("rother1");
      backbone.state().append(ALICE, AGENT, 1, null, events("a"));
      StateEntry bobs = backbone.state().append(BOB, other, 1, null, events("b"));
      ((FileDataKeys) fixture.keys).eraseTenant(ALICE);
      assertCode("unknown_key", () -> backbone.state().read(AGENT));
      assertThat(backbone.state().read(other)).containsExactly(bobs);
      assertCode(
          "not_authentic",
          () -> backbone.files().get(new TenantId("carol"), other, put(backbone, other)));
    }
  }

  private static String put(Backbone backbone, AgentId agent) {
    return backbone.files().put(BOB, agent, "x", bytes("x")).path();
  }

  static Connection raw(Fixture fixture, Backbone backbone) throws Exception {
    Credentials credentials = Credentials.open(fixture.folder.resolve("credentials.json"));
    return Nats.connect(
        Link.options(
                backbone.port(), credentials.choir().signingIn(), NatsConfiguration.CHOIR_INBOX)
            .build());
  }

  private static MessageInfo message(Connection raw, long sequence) throws Exception {
    return raw.jetStreamManagement().getMessage(NatsConfiguration.STATE, sequence);
  }

  private static long publish(Connection raw, AgentId agent, Headers headers, byte[] body)
      throws Exception {
    return raw.jetStream()
        .publish(
            NatsMessage.builder()
                .subject(StateMessage.subject(agent))
                .headers(headers)
                .data(body)
                .build())
        .getSeqno();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static List<Path> filesWith(Path folder, String sentence) throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String content = Files.readString(file, StandardCharsets.ISO_8859_1);
        if (content.contains(sentence)) {
          found.add(file);
        }
      }
    }
    return found;
  }
}
