package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.choir.economy.TreasuryTest.requireFails;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.database.Database;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a user's own key must have signed. */
@ExtendWith(OneDatabase.class)
class IntentsTest {
  private static final TenantId ADA = TreasuryWorld.ADA;
  private static final TenantId EVE = TreasuryWorld.EVE;
  private static final String NONCE = "nonce-of-16-chars";

  /** A signer's machine: it signs the SHA-256 of a document for a context, as the guest does. */
  private record Signer(KeyPair pair) {
    static Signer fresh() {
      try {
        return new Signer(KeyPairGenerator.getInstance("Ed25519").generateKeyPair());
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }

    byte[] raw() {
      byte[] encoded = pair.getPublic().getEncoded();
      return java.util.Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length);
    }

    byte[] sign(String context, byte[] document) {
      try {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(
            ("choir signature 1\n" + context + "\nsha256\n").getBytes(StandardCharsets.UTF_8));
        bytes.writeBytes(java.util.HexFormat.of().parseHex(Digest.of(document).hex()));
        Signature signature = Signature.getInstance("Ed25519");
        signature.initSign(pair.getPrivate());
        signature.update(bytes.toByteArray());
        return signature.sign();
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private final TreasuryWorld world;
  private final Map<TenantId, List<UserKeys.UserKey>> keys = new HashMap<>();
  private final Signer ada = Signer.fresh();
  private final Signer eve = Signer.fresh();
  private final Intents intents;
  private final List<String> done = new ArrayList<>();

  IntentsTest(Database database) {
    world = new TreasuryWorld(database);
    register(ADA, ada, true);
    register(EVE, eve, true);
    intents = new Intents(database, user -> keys.getOrDefault(user, List.of()), () -> world.now);
  }

  private void register(TenantId user, Signer signer, boolean active) {
    keys.put(
        user,
        List.of(new UserKeys.UserKey(Base64.getEncoder().encodeToString(signer.raw()), active)));
  }

  private static ObjectNode vote(String proposal, boolean yes) {
    return Json.object().put("proposal", proposal).put("yes", yes);
  }

  private SignedIntent signed(Signer signer, TenantId user, ObjectNode body, String nonce) {
    Instant expires = world.now.plus(Duration.ofMinutes(10));
    byte[] document = SignedIntent.document(SignedIntent.Kind.VOTE, user, body, nonce, expires);
    return new SignedIntent(
        SignedIntent.Kind.VOTE,
        user,
        body,
        nonce,
        expires,
        SignedIntent.keyId(signer.raw()),
        signer.sign("choir/intent/vote/1", document));
  }

  private Intents.Done perform(SignedIntent intent, ObjectNode arguments) {
    return intents.perform(
        intent,
        SignedIntent.Kind.VOTE,
        arguments,
        key -> {
          done.add(key);
          return "result-" + done.size();
        });
  }

  @Test
  void whatItsUserSignedIsDoneOnceAndARepetitionIsAnsweredWithTheFirstResult() {
    SignedIntent intent = signed(ada, ADA, vote("p1", true), NONCE);
    assertThat(perform(intent, vote("p1", true))).isEqualTo(new Intents.Done("result-1", false));
    assertThat(perform(intent, vote("p1", true))).isEqualTo(new Intents.Done("result-1", true));
    world.pass(Duration.ofDays(30));
    assertThat(perform(intent, vote("p1", true)).repeated()).isTrue();
    assertThat(done).hasSize(1);
  }

  @Test
  void anIntentSurvivesItsJourney() {
    SignedIntent intent = signed(ada, ADA, vote("p1", true), NONCE);
    SignedIntent arrived = SignedIntent.parse(Json.parseObject(Json.write(intent.json())));
    assertThat(arrived).isEqualTo(intent);
    assertThat(perform(arrived, vote("p1", true)).reference()).isEqualTo("result-1");
  }

  @Test
  void aReplayedNonceForAnotherActIsRefused() {
    perform(signed(ada, ADA, vote("p1", true), NONCE), vote("p1", true));
    SignedIntent other = signed(ada, ADA, vote("p2", true), NONCE);
    requireFails(() -> perform(other, vote("p2", true)), "intent_replayed");
    // Another user's nonces are their own.
    perform(signed(eve, EVE, vote("p2", true), NONCE), vote("p2", true));
    assertThat(done).hasSize(2);
  }

  @Test
  void aForeignKeyIsRefused() {
    // EVE signs in ADA's name, with her own key and under ADA's key's name.
    SignedIntent foreign = signed(eve, ADA, vote("p1", true), NONCE);
    requireFails(() -> perform(foreign, vote("p1", true)), "intent_foreign");
    SignedIntent posing =
        new SignedIntent(
            foreign.kind(),
            ADA,
            foreign.body(),
            NONCE,
            foreign.expires(),
            SignedIntent.keyId(ada.raw()),
            foreign.signature());
    requireFails(() -> perform(posing, vote("p1", true)), "intent_wrong");
    // What EVE signed for herself is not ADA's.
    SignedIntent hers = signed(eve, EVE, vote("p1", true), NONCE);
    SignedIntent stolen =
        new SignedIntent(
            hers.kind(), ADA, hers.body(), NONCE, hers.expires(), hers.keyId(), hers.signature());
    requireFails(() -> perform(stolen, vote("p1", true)), "intent_foreign");
    assertThat(done).isEmpty();
  }

  @Test
  void everyPartOfAnIntentIsBound() {
    SignedIntent intent = signed(ada, ADA, vote("p1", true), NONCE);
    requireFails(() -> perform(intent, vote("p1", false)), "intent_other_arguments");
    requireFails(() -> perform(intent, vote("p1", true).put("more", 1)), "intent_other_arguments");
    requireFails(
        () -> intents.perform(intent, SignedIntent.Kind.WITHDRAW, intent.body(), key -> ""),
        "intent_other_arguments");
    SignedIntent body = with(intent, intent.kind(), vote("p1", false), NONCE, intent.expires());
    requireFails(() -> perform(body, vote("p1", false)), "intent_wrong");
    SignedIntent nonce = with(intent, intent.kind(), intent.body(), NONCE + "2", intent.expires());
    requireFails(() -> perform(nonce, vote("p1", true)), "intent_wrong");
    SignedIntent later =
        with(intent, intent.kind(), intent.body(), NONCE, intent.expires().plusSeconds(1));
    requireFails(() -> perform(later, vote("p1", true)), "intent_wrong");
    SignedIntent kind =
        with(intent, SignedIntent.Kind.STAKE, intent.body(), NONCE, intent.expires());
    requireFails(
        () -> intents.perform(kind, SignedIntent.Kind.STAKE, intent.body(), key -> ""),
        "intent_wrong");
    byte[] broken = intent.signature();
    broken[10] ^= 1;
    SignedIntent signature =
        new SignedIntent(
            intent.kind(), ADA, intent.body(), NONCE, intent.expires(), intent.keyId(), broken);
    requireFails(() -> perform(signature, vote("p1", true)), "intent_wrong");
    assertThat(done).isEmpty();
  }

  private static SignedIntent with(
      SignedIntent intent, SignedIntent.Kind kind, ObjectNode body, String nonce, Instant expires) {
    return new SignedIntent(
        kind, intent.user(), body, nonce, expires, intent.keyId(), intent.signature());
  }

  @Test
  void aSignatureForAnotherPurposeIsNoIntent() {
    Instant expires = world.now.plusSeconds(60);
    byte[] document =
        SignedIntent.document(SignedIntent.Kind.VOTE, ADA, vote("p1", true), NONCE, expires);
    SignedIntent report =
        new SignedIntent(
            SignedIntent.Kind.VOTE,
            ADA,
            vote("p1", true),
            NONCE,
            expires,
            SignedIntent.keyId(ada.raw()),
            ada.sign("report/v1", document));
    requireFails(() -> perform(report, vote("p1", true)), "intent_wrong");
  }

  @Test
  void anExpiredOrEndlessIntentIsRefused() {
    SignedIntent intent = signed(ada, ADA, vote("p1", true), NONCE);
    world.pass(Duration.ofMinutes(10));
    requireFails(() -> perform(intent, vote("p1", true)), "intent_expired");
    world.pass(Duration.ofDays(-2));
    requireFails(() -> perform(intent, vote("p1", true)), "intent_too_long");
  }

  @Test
  void aLostKeySignsNothingNewButItsActsStayAnswered() {
    SignedIntent before = signed(ada, ADA, vote("p1", true), NONCE);
    perform(before, vote("p1", true));
    register(ADA, ada, false);
    SignedIntent after = signed(ada, ADA, vote("p2", true), NONCE + "2");
    requireFails(() -> perform(after, vote("p2", true)), "intent_key_lost");
    assertThat(perform(before, vote("p1", true)).repeated()).isTrue();
  }

  @Test
  void anActThatWasCutOffIsFinishedByTheSameIntent() {
    SignedIntent intent = signed(ada, ADA, vote("p1", true), NONCE);
    requireFails(
        () ->
            intents.perform(
                intent,
                SignedIntent.Kind.VOTE,
                intent.body(),
                key -> {
                  done.add(key);
                  throw ChoirException.retryable("killed", "", "", null);
                }),
        "killed");
    world.pass(Duration.ofHours(1));
    assertThat(perform(intent, intent.body()).repeated()).isFalse();
    assertThat(done.get(0)).isEqualTo(done.get(1));
  }

  @Test
  void whatHasNoFormIsNoIntent() {
    SignedIntent good = signed(ada, ADA, vote("p1", true), NONCE);
    requireFails(() -> with(good, good.kind(), good.body(), "short", good.expires()), "bad_intent");
    requireFails(
        () -> with(good, good.kind(), Json.object().put("x", 0.5), NONCE, good.expires()),
        "bad_intent");
    requireFails(
        () -> with(good, good.kind(), Json.object().put("x", 1L << 53), NONCE, good.expires()),
        "bad_intent");
    for (String field : List.of("schema", "kind", "nonce", "signature", "body", "expires")) {
      ObjectNode json = good.json();
      json.put(field, "other");
      requireFails(() -> SignedIntent.parse(json), "bad_intent");
    }
  }

  @Test
  void manyAtOnceHaveOneResult() throws Exception {
    world.give(ADA, 1_000);
    Proposal proposal = world.governance.propose(ADA, Parameter.RUN_QUICK, 24, "k");
    ObjectNode body = vote(proposal.id(), true);
    SignedIntent intent = signed(ada, ADA, body, NONCE);
    AtomicInteger runs = new AtomicInteger();
    CountDownLatch start = new CountDownLatch(1);
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Intents.Done>> all = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        all.add(
            pool.submit(
                () -> {
                  start.await();
                  return intents.perform(
                      intent,
                      SignedIntent.Kind.VOTE,
                      body,
                      key -> {
                        runs.incrementAndGet();
                        return world.governance.vote(ADA, proposal.id(), true).voter().value();
                      });
                }));
      }
      start.countDown();
      for (Future<Intents.Done> one : all) {
        assertThat(one.get().reference()).isEqualTo("ada");
      }
    }
    assertThat(runs.get()).isPositive();
    assertThat(world.governance.count(proposal.id()).voters()).isEqualTo(1);
  }
}
