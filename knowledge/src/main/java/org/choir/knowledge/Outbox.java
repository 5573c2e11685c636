package org.choir.knowledge;

import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;
import org.choir.backbone.PublicEvents;
import org.choir.core.AuditSink;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * Events that were written in the same transaction as what they tell of, sent in their order: first
 * to the audit chain, then to the bus, so that nobody hears of what is not recorded. An event is
 * taken out after both have it, so each is sent at least once; its id lets either drop a second
 * copy.
 */
final class Outbox {
  private static final int AT_ONCE = 200;

  private final Database database;
  private final AuditSink audit;
  private final PublicEvents bus;

  Outbox(Database database, AuditSink audit, PublicEvents bus) {
    this.database = database;
    this.audit = audit;
    this.bus = bus;
  }

  private record Row(long seq, PublicEvents.Event event) {}

  /** Sends what waits; how many. */
  synchronized int drain() {
    int sent = 0;
    List<Row> rows = waiting();
    while (!rows.isEmpty()) {
      for (Row row : rows) {
        audit.record(AuditedAct.of(row.seq(), row.event()));
        bus.publish(row.event());
        database.transaction(
            c ->
                ArticleTable.update(
                    c, "delete from knowledge.outbox where seq = ?", s -> s.setLong(1, row.seq())));
        sent++;
      }
      rows = waiting();
    }
    return sent;
  }

  private List<Row> waiting() {
    return database.transaction(
        c -> {
          List<Row> rows = new ArrayList<>();
          try (var s =
                  c.prepareStatement(
                      "select * from knowledge.outbox order by seq limit " + AT_ONCE);
              ResultSet row = s.executeQuery()) {
            while (row.next()) {
              rows.add(
                  new Row(
                      row.getLong("seq"),
                      new PublicEvents.Event(
                          0,
                          row.getString("subject"),
                          row.getString("id"),
                          new TenantId(row.getString("tenant")),
                          row.getTimestamp("at").toInstant(),
                          row.getString("type"),
                          Json.parseObject(row.getString("data")))));
            }
          }
          return rows;
        });
  }
}
