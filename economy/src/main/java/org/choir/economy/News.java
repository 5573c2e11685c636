package org.choir.economy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import org.choir.core.Json;

/** The outbox of this room: what the bus is to hear, committed with what it tells of. */
final class News {
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
}
