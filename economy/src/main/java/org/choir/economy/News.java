package org.choir.economy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.choir.backbone.PublicEvents;
import org.choir.core.Json;
import org.choir.core.TenantId;

/** The outbox of this room: what the bus is to hear, committed with what it tells of. */
final class News {
  private static final int AT_ONCE = 500;

  private News() {}

  /** Told once for each id. */
  static void add(
      Connection c,
      String id,
      String subject,
      String tenant,
      String type,
      ObjectNode data,
      Instant at)
      throws SQLException {
    Rows.update(
        c,
        "insert into economy.news (id, subject, tenant, type, data, at)"
            + " values (?, ?, ?, ?, ?::jsonb, ?) on conflict (id) do nothing",
        id,
        subject,
        tenant,
        type,
        Json.write(data),
        at);
  }

  /** The oldest that were not told yet, in order. */
  static List<PublicEvents.Event> waiting(Connection c) throws SQLException {
    return Rows.list(
        c,
        "select * from economy.news order by seq limit " + AT_ONCE,
        row ->
            new PublicEvents.Event(
                0,
                row.getString("subject"),
                row.getString("id"),
                new TenantId(row.getString("tenant")),
                Rows.instant(row, "at"),
                row.getString("type"),
                Json.parseObject(row.getString("data"))));
  }

  /** This one was told. */
  static int told(Connection c, String id) throws SQLException {
    return Rows.update(c, "delete from economy.news where id = ?", id);
  }
}
