package org.choir.audit.postgres;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.audit.Anchor;
import org.choir.audit.AnchorException;
import org.choir.audit.AnchorProofs;
import org.choir.audit.AnchorStore;
import org.choir.database.Database;
import org.choir.database.DatabaseException;

/** Anchors in a table that takes inserts only: a trigger refuses update, delete and truncate. */
public final class PostgresAnchors implements AnchorStore {
  private static final String KIND = "postgres";
  private static final String UNIQUE_VIOLATION = "23505";
  private final Database database;

  /** Anchors in this database, whose schema {@code audit} is brought up to date first. */
  public PostgresAnchors(Database database) {
    this.database = database;
    database.migrate("audit");
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public String protects() {
    return "A table of the database shows a log that was rolled back, cut or rewritten on its own"
        + " disk. It does not protect against whoever administers both the log's disk and the"
        + " database: a superuser can drop the trigger, or restore an older backup of both.";
  }

  @Override
  public void put(Anchor anchor, AnchorProofs proofs) {
    try {
      int rows =
          database.transaction(
              connection -> {
                try (PreparedStatement insert =
                    connection.prepareStatement(
                        "insert into audit.anchor (origin, size, number, note, evidence)"
                            + " values (?, ?, ?, ?, ?)")) {
                  insert.setString(1, anchor.origin());
                  insert.setLong(2, anchor.size());
                  insert.setLong(3, anchor.number());
                  insert.setString(4, anchor.note());
                  insert.setBytes(5, anchor.evidence());
                  return insert.executeUpdate();
                }
              });
      assert rows == 1;
    } catch (DatabaseException e) {
      throw e.sqlState().equals(UNIQUE_VIOLATION)
          ? AnchorException.exists(KIND, anchor, e)
          : AnchorException.unreachable(KIND, e.failure().message(), e);
    }
  }

  @Override
  public List<Anchor> all(String origin) {
    return read(origin, "order by size");
  }

  @Override
  public Optional<Anchor> last(String origin) {
    List<Anchor> last = read(origin, "order by size desc limit 1");
    return last.isEmpty() ? Optional.empty() : Optional.of(last.getFirst());
  }

  private List<Anchor> read(String origin, String order) {
    try {
      return database.transaction(
          connection -> {
            List<Anchor> anchors = new ArrayList<>();
            try (PreparedStatement select =
                connection.prepareStatement(
                    "select note, evidence from audit.anchor where origin = ? " + order)) {
              select.setString(1, origin);
              try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                  anchors.add(Anchor.parse(rows.getString(1), rows.getBytes(2)));
                }
              }
            }
            return anchors;
          });
    } catch (DatabaseException e) {
      throw AnchorException.unreachable(KIND, e.failure().message(), e);
    }
  }
}
