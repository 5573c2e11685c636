package org.choir.backbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.choir.backbone.Fixture.ALICE;
import static org.choir.backbone.Fixture.LONG;
import static org.choir.backbone.Fixture.events;

import io.nats.client.AuthHandler;
import io.nats.client.Connection;
import io.nats.client.ErrorListener;
import io.nats.client.JetStreamApiException;
import io.nats.client.Nats;
import io.nats.client.Options;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.choir.core.AgentId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What the identities of nats-server may not do, asked of the real one. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PermissionTest {
  private @Nullable Backbone backbone;
  private @Nullable Credentials credentials;

  @BeforeAll
  void start(@TempDir Path temp) throws Exception {
    Fixture fixture = new Fixture(temp);
    backbone = fixture.start();
    credentials = Credentials.open(fixture.folder.resolve("credentials.json"));
  }

  @AfterAll
  void stop() {
    if (backbone != null) {
      backbone.close();
    }
  }

  private Backbone backbone() {
    return Objects.requireNonNull(backbone);
  }

  private Credentials credentials() {
    return Objects.requireNonNull(credentials);
  }

  private List<String> refusals(AuthHandler identity, String inbox, List<String> subjects)
      throws Exception {
    List<String> errors = new CopyOnWriteArrayList<>();
    Options options =
        Link.options(backbone().port(), identity, inbox)
            .errorListener(
                new ErrorListener() {
                  @Override
                  public void errorOccurred(Connection connection, String error) {
                    errors.add(error);
                  }
                })
            .build();
    try (Connection connection = Nats.connect(options)) {
      for (String subject : subjects) {
        assertThat(connection.request(subject, new byte[0], Duration.ofMillis(50)))
            .as(subject)
            .isNull();
      }
      await().atMost(LONG).until(() -> errors.size() >= subjects.size());
    }
    return errors;
  }

  private static List<String> lower(List<String> texts) {
    return texts.stream().map(each -> each.toLowerCase(java.util.Locale.ROOT)).toList();
  }

  @Test
  void refusesToPurgeAnAccountRemoveAServerOrMoveAStream() throws Exception {
    AgentId agent = new AgentId("rsafe01");
    StateEntry entry = backbone().state().append(ALICE, agent, 1, null, events("a"));
    List<String> subjects =
        List.of(
            "$JS.API.ACCOUNT.PURGE.CHOIR",
            "$JS.API.SERVER.REMOVE",
            "$JS.API.ACCOUNT.STREAM.MOVE.CHOIR.VIBEWRITER_STATE",
            "$JS.API.ACCOUNT.STREAM.CANCEL_MOVE.CHOIR.VIBEWRITER_STATE");
    for (List<String> errors :
        List.of(
            refusals(credentials().choir().signingIn(), NatsConfiguration.CHOIR_INBOX, subjects),
            refusals(
                credentials().archiver().signingIn(),
                NatsConfiguration.ARCHIVER_INBOX,
                subjects))) {
      for (String subject : lower(subjects)) {
        assertThat(lower(errors)).anyMatch(each -> each.contains("\"" + subject + "\""));
      }
    }
    assertThat(backbone().state().read(agent)).containsExactly(entry);
  }

  @Test
  void refusesTheAppendingIdentityToRemoveOrChangeHistories() throws Exception {
    List<String> subjects =
        List.of(
            "$JS.API.STREAM.PURGE.VIBEWRITER_STATE",
            "$JS.API.STREAM.DELETE.VIBEWRITER_STATE",
            "$JS.API.STREAM.UPDATE.VIBEWRITER_STATE",
            "$JS.API.STREAM.MSG.DELETE.VIBEWRITER_STATE",
            "$JS.API.STREAM.SNAPSHOT.VIBEWRITER_STATE",
            "$JS.API.STREAM.RESTORE.VIBEWRITER_STATE",
            "$JS.API.STREAM.DELETE.OBJ_VIBEWRITER_FILES",
            "$JS.API.STREAM.CREATE.OTHER",
            "$SYS.REQ.SERVER.PING");
    List<String> errors =
        refusals(credentials().choir().signingIn(), NatsConfiguration.CHOIR_INBOX, subjects);
    for (String subject : lower(subjects)) {
      assertThat(lower(errors)).anyMatch(each -> each.contains("\"" + subject + "\""));
    }
  }

  @Test
  void refusesTheArchiverEverythingButPurging() throws Exception {
    List<String> subjects =
        List.of(
            "vibewriter.state.rsafe01",
            "vibewriter.control.rsafe01",
            "$JS.API.STREAM.MSG.GET.VIBEWRITER_STATE",
            "$JS.API.STREAM.PURGE.OBJ_VIBEWRITER_FILES",
            "$JS.API.STREAM.DELETE.VIBEWRITER_STATE",
            "$O.VIBEWRITER_FILES.M.x");
    List<String> errors =
        refusals(credentials().archiver().signingIn(), NatsConfiguration.ARCHIVER_INBOX, subjects);
    for (String subject : lower(subjects)) {
      assertThat(lower(errors)).anyMatch(each -> each.contains("\"" + subject + "\""));
    }
  }

  @Test
  void letsNobodyInWithoutCredentials() {
    Options options =
        Options.builder()
            .server("nats://127.0.0.1:" + backbone().port())
            .noReconnect()
            .errorListener(new ErrorListener() {})
            .build();
    assertThatThrownBy(() -> Nats.connect(options)).hasMessageContaining("Authorization");
  }

  @Test
  void deniesDeletingSingleEventsInTheStreamItself() throws Exception {
    try (Connection raw =
        Nats.connect(
            Link.options(
                    backbone().port(),
                    credentials().choir().signingIn(),
                    NatsConfiguration.CHOIR_INBOX)
                .build())) {
      assertThat(
              raw.jetStreamManagement()
                  .getStreamInfo(NatsConfiguration.STATE)
                  .getConfiguration()
                  .getDenyDelete())
          .isTrue();
    } catch (JetStreamApiException e) {
      throw new AssertionError("the identity may look at the stream", e);
    }
  }

  @Test
  void forgetsOneAgentAndNoOther() {
    AgentId gone = new AgentId("rgone01");
    AgentId longer = new AgentId("rgone012");
    AgentId sub = gone.subagent(1);
    StateEntry last = null;
    for (int i = 0; i < 5; i++) {
      last = backbone().state().append(ALICE, gone, 1, last, events("x".repeat(i * 40_000)));
    }
    StateEntry first = backbone().state().append(ALICE, longer, 1, null, events("a"));
    StateEntry subs = backbone().state().append(ALICE, sub, 1, null, events("y".repeat(100_000)));
    backbone().files().put(ALICE, gone, "a", new byte[200_000]);
    backbone().files().put(ALICE, longer, "b", new byte[5]);
    long before = backbone().status().bytes();

    backbone().forget(gone);
    backbone().forget(gone);

    assertThat(backbone().state().read(gone)).isEmpty();
    assertThat(backbone().state().agents()).doesNotContain(gone).contains(longer, sub);
    assertThat(backbone().files().list(gone)).isEmpty();
    assertThat(backbone().state().read(longer)).containsExactly(first);
    assertThat(backbone().state().read(sub)).containsExactly(subs);
    assertThat(backbone().files().list(longer)).hasSize(1);
    assertThat(backbone().status().bytes()).isLessThan(before - 500_000);
    // a history can begin anew
    StateEntry anew = backbone().state().append(ALICE, gone, 2, null, events("anew"));
    assertThat(backbone().state().read(gone)).containsExactly(anew);
  }
}
