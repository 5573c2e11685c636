package org.choir.economy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.choir.backbone.PublicEvents;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.AuditSink;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * Tells the world what happened. Of every batch of the ledger, in order: first the audit chain of
 * the house, one leaf with the batch's digest, then the bus, every transfer with its accounts'
 * numbers and without their names. A batch leaves the outbox after both have it, so each is told at
 * least once; ids let either drop a second copy. Then what the services have to say to the bus,
 * likewise.
 */
public final class EconomyNews {
  /** Whose chain has the batches: nobody's but the house's. */
  static final TenantId HOUSE = new TenantId("choir");

  static final String SUBJECT = "ledger.transfers";
  private static final AgentId LEDGER = new AgentId("rchoirledger");
  private static final int BATCHES_AT_ONCE = 100;
  private static final int TRANSFERS_IN_MESSAGE = 1_000;

  private final Database database;
  private final AuditSink audit;
  private final PublicEvents bus;

  EconomyNews(Database database, AuditSink audit, PublicEvents bus) {
    this.database = database;
    this.audit = audit;
    this.bus = bus;
  }

  private record Batch(long number, long first, long last, String digest, Instant at) {}

  private record Row(
      long seq,
      UUID id,
      Transfer.Kind kind,
      long debit,
      long credit,
      String currency,
      long moved,
      String reason) {}

  /**
   * Tells what waits; how many batches and pieces of news.
   *
   * @throws org.choir.core.ChoirException if the chain or the bus does not take it; it is told
   *     again
   */
  public synchronized int drain() {
    return batches() + pieces();
  }

  private int pieces() {
    List<PublicEvents.Event> waiting = database.transaction(News::waiting);
    for (PublicEvents.Event event : waiting) {
      bus.publish(event);
      database.transaction(c -> News.told(c, event.id()));
    }
    return waiting.size();
  }

  private int batches() {
    int told = 0;
    List<Batch> batches = database.transaction(EconomyNews::waiting);
    while (!batches.isEmpty()) {
      for (Batch batch : batches) {
        tell(batch);
        told++;
      }
      batches = database.transaction(EconomyNews::waiting);
    }
    return told;
  }

  private void tell(Batch batch) {
    List<Row> rows = database.transaction(c -> rows(c, batch));
    audit.record(leaf(batch, rows));
    for (int from = 0; from < rows.size(); from += TRANSFERS_IN_MESSAGE) {
      bus.publish(
          message(batch, rows.subList(from, Math.min(rows.size(), from + TRANSFERS_IN_MESSAGE))));
    }
    database.transaction(
        c ->
            LedgerRows.change(
                c,
                "delete from economy.outbox where batch = ?",
                s -> s.setLong(1, batch.number())));
  }

  private static AuditEvent leaf(Batch batch, List<Row> rows) {
    long accounts =
        rows.stream()
            .flatMap(row -> List.of(row.debit(), row.credit()).stream())
            .distinct()
            .count();
    ObjectNode data =
        Json.object()
            .put("batch", Long.toString(batch.number()))
            .put("transfers", rows.size())
            .put("accounts", accounts)
            .put("root", batch.digest());
    String id = "rchoirledger:1:" + batch.number() + ":0";
    return new AuditEvent(HOUSE, batch.at(), "ledger.batch", LEDGER, data, id, "");
  }

  private static PublicEvents.Event message(Batch batch, List<Row> rows) {
    ObjectNode data = Json.object().put("batch", batch.number()).put("root", batch.digest());
    ArrayNode transfers = data.putArray("transfers");
    for (Row row : rows) {
      transfers
          .addObject()
          .put("seq", row.seq())
          .put("id", row.id().toString())
          .put("kind", row.kind().name())
          .put("debit", row.debit())
          .put("credit", row.credit())
          .put("currency", row.currency())
          .put("amount", row.moved())
          .put("reason", row.reason());
    }
    String id = "ledger-" + rows.getFirst().seq();
    return new PublicEvents.Event(0, SUBJECT, id, HOUSE, batch.at(), "transfers", data);
  }

  private static List<Batch> waiting(Connection c) throws SQLException {
    return new ArrayList<>(
        LedgerRows.list(
            c,
            "select b.* from economy.outbox o join economy.batch b on b.number = o.batch"
                + " order by b.number limit "
                + BATCHES_AT_ONCE,
            s -> {},
            row ->
                new Batch(
                    row.getLong("number"),
                    row.getLong("first_seq"),
                    row.getLong("last_seq"),
                    row.getString("digest"),
                    row.getTimestamp("at").toInstant())));
  }

  private static List<Row> rows(Connection c, Batch batch) throws SQLException {
    return LedgerRows.list(
        c,
        "select t.*, a.currency from economy.transfer t"
            + " join economy.account a on a.number = t.debit"
            + " where t.seq between ? and ? order by t.seq",
        s -> {
          s.setLong(1, batch.first());
          s.setLong(2, batch.last());
        },
        row ->
            new Row(
                row.getLong("seq"),
                row.getObject("id", UUID.class),
                Transfer.Kind.of(row.getInt("kind")),
                row.getLong("debit"),
                row.getLong("credit"),
                row.getString("currency"),
                row.getLong("moved"),
                row.getString("reason")));
  }
}
