package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.choir.backbone.Backbone;
import org.choir.backbone.PublicEvents;
import org.choir.core.AuditEvent;
import org.choir.core.Currency;
import org.choir.database.Database;
import org.choir.keys.FileDataKeys;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the audit chain and the bus hear of the ledger, over a real nats-server. */
class EconomyNewsTest {
  private static final AccountId BANK = Chart.bank("news");
  private static final AccountId ADA = new AccountId("user:ada", "available", Currency.USDC);

  @Test
  void everyBatchIsALeafAndEveryTransferIsToldOnceWithoutNames(@TempDir Path folder) {
    List<AuditEvent> chain = new ArrayList<>();
    AtomicInteger failing = new AtomicInteger(1);
    try (Database database = TestDatabase.fresh();
        Backbone backbone = backbone(folder);
        PostgresLedger ledger =
            PostgresLedger.open(database, LedgerOptions.STANDARD, new TestClock())) {
      ledger.open(BANK, Limit.NONE);
      ledger.open(ADA, Limit.NO_OVERDRAFT);
      EconomyNews news =
          new EconomyNews(
              database,
              event -> {
                if (failing.getAndDecrement() > 0) {
                  throw new IllegalStateException("the chain is away");
                }
                chain.add(event);
              },
              backbone.events());
      List<Transfer> many = new ArrayList<>();
      for (int i = 0; i < 2_500; i++) {
        many.add(Transfer.move(Transfer.id("n" + i), BANK, ADA, 7, "gift", Explanation.NONE));
      }
      ledger.require(many);
      ledger.require(Transfer.move(Transfer.id("last"), ADA, BANK, 9, "back", Explanation.NONE));

      assertThatThrownBy(news::drain).hasMessageContaining("away");
      assertThat(news.drain()).isEqualTo(2);
      assertThat(news.drain()).isZero();

      assertThat(chain)
          .extracting(AuditEvent::kind)
          .containsExactly("ledger.batch", "ledger.batch");
      assertThat(chain.getFirst().data().path("transfers").asInt()).isEqualTo(2_500);
      assertThat(chain.getFirst().data().path("root").asText())
          .isEqualTo(LedgerBatch.digest("", entries(ledger)));
      List<PublicEvents.Event> told = backbone.events().after(0, 100);
      assertThat(told).hasSize(4).allMatch(e -> e.subject().equals("ledger.transfers"));
      List<JsonNode> transfers = new ArrayList<>();
      told.forEach(e -> e.data().path("transfers").forEach(transfers::add));
      Set<String> ids =
          transfers.stream().map(t -> t.path("id").asText()).collect(Collectors.toSet());
      assertThat(ids).hasSize(2_501).hasSameSizeAs(transfers);
      assertThat(transfers)
          .isSortedAccordingTo((a, b) -> a.path("seq").asInt() - b.path("seq").asInt());
      assertThat(told.toString()).doesNotContain("user:");
    }
  }

  private static List<LedgerEntry> entries(Ledger ledger) {
    List<LedgerEntry> all = new ArrayList<>();
    long before = 2_501;
    while (all.size() < 2_500) {
      List<LedgerEntry> page = ledger.statement(ADA, before, 1_000);
      all.addAll(page);
      before = page.getLast().seq();
    }
    return all.reversed();
  }

  private static Backbone backbone(Path folder) {
    return Backbone.start(
        new Backbone.Options(folder.resolve("nats"), 0, Backbone.Durability.CRASH),
        FileDataKeys.open(folder.resolve("keys")),
        InstantSource.system());
  }
}
