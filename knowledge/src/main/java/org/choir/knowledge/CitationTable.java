package org.choir.knowledge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.choir.core.Json;

/** The statements over the tables of citations, rings and accounts. */
final class CitationTable {
  private static final String SELECT =
      """
      select c.*, f.author as from_author, t.author as to_author,
        coalesce(fo.owner, f.author) as from_owner, coalesce(o.owner, t.author) as to_owner,
        f.state = 'published' and t.state = 'published' as standing,
        f.review in ('pending', 'rejected') as reviewing
      from knowledge.citation c
      join knowledge.article f on f.id = c.citing join knowledge.article t on t.id = c.cited
      left join knowledge.account fo on fo.name = f.author
      left join knowledge.account o on o.name = t.author
      order by c.seq""";

  private CitationTable() {}

  static boolean insert(
      Connection c,
      String id,
      String citing,
      String cited,
      String kind,
      String claim,
      ClaimSupport.Found found,
      Instant at)
      throws SQLException {
    return ArticleTable.update(
            c,
            "insert into knowledge.citation (id, citing, cited, kind, claim, quote, supported, why,"
                + " at) values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (citing, cited) do update"
                + " set kind = excluded.kind, claim = excluded.claim, quote = excluded.quote,"
                + " supported = excluded.supported, why = excluded.why, withdrawn_at = null"
                + " where not citation.supported and excluded.supported"
                + " and citation.withdrawn_at is null",
            s -> {
              s.setString(1, id);
              s.setString(2, citing);
              s.setString(3, cited);
              s.setString(4, kind);
              s.setString(5, claim);
              s.setString(6, found.quote());
              s.setBoolean(7, found.supported());
              s.setString(8, found.why());
              s.setTimestamp(9, Timestamp.from(at));
            })
        == 1;
  }

  static List<CitationRow> all(Connection c) throws SQLException {
    List<CitationRow> rows = new ArrayList<>();
    try (var s = c.prepareStatement(SELECT);
        ResultSet row = s.executeQuery()) {
      while (row.next()) {
        Timestamp withdrawn = row.getTimestamp("withdrawn_at");
        rows.add(
            new CitationRow(
                row.getString("id"),
                row.getString("citing"),
                row.getString("from_author"),
                row.getString("from_owner"),
                row.getString("cited"),
                row.getString("to_author"),
                row.getString("to_owner"),
                row.getString("kind"),
                row.getString("claim"),
                row.getString("quote"),
                row.getBoolean("supported"),
                row.getString("why"),
                row.getTimestamp("at").toInstant(),
                Optional.ofNullable(withdrawn).map(Timestamp::toInstant),
                row.getBoolean("standing"),
                row.getBoolean("reviewing")));
      }
    }
    return rows;
  }

  /** The frozen groups, by the ring's id. */
  static Map<String, Set<String>> frozen(Connection c) throws SQLException {
    Map<String, Set<String>> frozen = new LinkedHashMap<>();
    try (var s =
            c.prepareStatement(
                "select id, members from knowledge.ring where state = 'frozen' order by id");
        ResultSet row = s.executeQuery()) {
      while (row.next()) {
        String[] members = (String[]) row.getArray("members").getArray();
        frozen.put(row.getString("id"), new LinkedHashSet<>(Arrays.asList(members)));
      }
    }
    return frozen;
  }

  static List<ObjectNode> rings(Connection c) throws SQLException {
    List<ObjectNode> rings = new ArrayList<>();
    try (var s = c.prepareStatement("select * from knowledge.ring order by found_at desc, id");
        ResultSet row = s.executeQuery()) {
      while (row.next()) {
        ObjectNode ring = Json.parseObject(row.getString("evidence"));
        String by = row.getString("decided_by");
        ring.put("id", row.getString("id"))
            .put("state", row.getString("state"))
            .put("found_at", row.getTimestamp("found_at").toInstant().toString())
            .put("decided_by", by == null ? "" : by);
        rings.add(ring);
      }
    }
    return rings;
  }

  /** Freezes a ring unless the same was found before; whether it is new. */
  static boolean freeze(
      Connection c, String id, List<String> members, ObjectNode evidence, Instant at)
      throws SQLException {
    return ArticleTable.update(
            c,
            "insert into knowledge.ring (id, found_at, state, members, evidence)"
                + " values (?, ?, 'frozen', ?, ?::jsonb) on conflict (id) do nothing",
            s -> {
              s.setString(1, id);
              s.setTimestamp(2, Timestamp.from(at));
              s.setArray(3, c.createArrayOf("text", members.toArray()));
              s.setString(4, Json.write(evidence));
            })
        == 1;
  }

  static Set<String> seeds(Connection c) throws SQLException {
    Set<String> seeds = new LinkedHashSet<>();
    try (var s = c.prepareStatement("select name from knowledge.account where seed order by name");
        ResultSet row = s.executeQuery()) {
      while (row.next()) {
        seeds.add(row.getString(1));
      }
    }
    return seeds;
  }
}
