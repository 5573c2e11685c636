package org.choir.audit.timestamp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.choir.audit.Anchor;
import org.choir.audit.AnchorCheck;
import org.choir.audit.AnchorException;
import org.choir.audit.AnchorKeeper;
import org.choir.audit.LogKey;
import org.choir.audit.LogOptions;
import org.choir.audit.TenantLog;
import org.choir.core.TenantId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TimestampAnchorsTest {
  private static final String ORIGIN = "choir.test/acme";
  private final LogKey key = LogKey.generate(ORIGIN, new SecureRandom());
  private final AnchorKeeper keeper = new AnchorKeeper(InstantSource.system());
  private final LocalAuthority authority;
  private final TenantLog log;
  private final Path folder;

  TimestampAnchorsTest(@TempDir Path folder) throws Exception {
    this.folder = folder;
    this.authority = new LocalAuthority(folder);
    this.log =
        TenantLog.open(
            folder.resolve("log"),
            new TenantId("acme"),
            ORIGIN,
            key,
            LogOptions.of(Thread.ofPlatform().daemon().factory()));
  }

  @BeforeEach
  void anEntry() {
    log.append(new byte[] {1});
  }

  @AfterEach
  void stop() {
    log.close();
    authority.close();
  }

  private TimestampAnchors anchors(String name, Path certificate) {
    return new TimestampAnchors(
        new TimestampAnchors.Options(
            folder.resolve(name),
            authority.address(),
            List.of(certificate),
            Duration.ofMillis(2_500)),
        InstantSource.system(),
        new SecureRandom());
  }

  @Test
  void stampsAnchorsAndChecksTheTokensLater() {
    for (Path trusted : List.of(authority.root(), authority.signer())) {
      try (TimestampAnchors anchors = anchors("a" + trusted.getFileName(), trusted)) {
        Instant before = Instant.now().minusSeconds(2);
        keeper.anchor(log, anchors);
        log.append(new byte[] {2});
        keeper.anchor(log, anchors);
        List<Anchor> all = anchors.all(ORIGIN);
        assertThat(all).hasSize(2).allMatch(a -> anchors.problem(a).isEmpty());
        assertThat(anchors.stampedAt(all.getLast()))
            .isBetween(before, Instant.now().plusSeconds(2));
        assertThat(
                AnchorCheck.check(folder.resolve("log"), key.shown().vkey(), List.of(anchors))
                    .findings())
            .isEmpty();
        Anchor exchanged = Anchor.parse(all.getFirst().note(), all.getLast().evidence());
        assertThat(anchors.problem(exchanged))
            .hasValueSatisfying(p -> assertThat(p).contains("something else"));
        byte[] token = all.getFirst().evidence().clone();
        token[token.length - 5] ^= 1;
        assertThat(anchors.problem(Anchor.parse(all.getFirst().note(), token))).isPresent();
        assertThat(anchors.problem(Anchor.parse(all.getFirst().note(), new byte[9]))).isPresent();
      }
    }
  }

  @Test
  void doesNotTakeATokenOfAnAuthorityItDoesNotTrust() throws Exception {
    try (LocalAuthority other = new LocalAuthority(folder.resolve("other"));
        TimestampAnchors anchors = anchors("a", other.root())) {
      assertThatThrownBy(() -> keeper.anchor(log, anchors))
          .isInstanceOfSatisfying(
              AnchorException.class, e -> assertThat(e.code()).isEqualTo("anchor_refused"));
      assertThat(anchors.all(ORIGIN)).isEmpty();
    }
  }

  @Test
  void refusesEveryWrongAnswerAndKeepsNothingOfIt() {
    for (LocalAuthority.Trick trick : LocalAuthority.Trick.values()) {
      authority.play(trick);
      try (TimestampAnchors anchors = anchors("t" + trick, authority.root())) {
        String code =
            switch (trick) {
              case LATE, BROKEN -> "anchor_unreachable";
              default -> "anchor_refused";
            };
        assertThatThrownBy(() -> keeper.anchor(log, anchors))
            .as("" + trick)
            .isInstanceOfSatisfying(
                AnchorException.class, e -> assertThat(e.code()).isEqualTo(code));
        assertThat(anchors.all(ORIGIN)).isEmpty();
      }
    }
  }
}
