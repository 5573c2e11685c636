package org.choir.economy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.choir.core.Json;
import org.choir.core.TenantId;

/** The statements over the tables of proposals and votes, each in its caller's transaction. */
final class ProposalTable {
  private ProposalTable() {}

  static void insert(Connection c, Proposal proposal, String key) throws SQLException {
    Rows.update(
        c,
        "insert into economy.proposal (id, proposer, key, kind, subject, content, bond, quorum,"
            + " timelock, at, closes_at, snapshot, circulating, price, state)"
            + " values (?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?, ?, ?, ?, ?, ?, 'requested')",
        proposal.id(),
        proposal.proposer().value(),
        key,
        proposal.content().kind(),
        proposal.content().subject(),
        Json.write(proposal.content().json()),
        proposal.bond(),
        proposal.quorum(),
        proposal.timelock(),
        proposal.at(),
        proposal.closesAt(),
        proposal.snapshot(),
        proposal.circulating(),
        proposal.price());
  }

  static List<Proposal> list(Connection c, String condition, Object... arguments)
      throws SQLException {
    return Rows.list(
        c,
        "select * from economy.proposal " + condition + " order by at, id",
        ProposalTable::proposal,
        arguments);
  }

  static Optional<Proposal> find(Connection c, String id) throws SQLException {
    return list(c, "where id = ?", id).stream().findFirst();
  }

  private static Proposal proposal(ResultSet row) throws SQLException {
    return new Proposal(
        row.getString("id"),
        new TenantId(row.getString("proposer")),
        Proposal.parse(row.getString("kind"), Json.parseObject(row.getString("content"))),
        row.getLong("bond"),
        row.getLong("quorum"),
        row.getLong("timelock"),
        Rows.instant(row, "at"),
        Rows.instant(row, "closes_at"),
        row.getLong("snapshot"),
        row.getLong("circulating"),
        row.getLong("price"),
        Proposal.State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
        row.getString("reason"));
  }

  static void delete(Connection c, String id) throws SQLException {
    Rows.update(c, "delete from economy.proposal where id = ? and state = 'requested'", id);
  }

  /** Brings a proposal from one state to the next; false if it is not there any more. */
  static boolean state(
      Connection c,
      String id,
      Proposal.State from,
      Proposal.State to,
      String reason,
      Optional<Instant> ended)
      throws SQLException {
    return Rows.update(
            c,
            "update economy.proposal set state = ?, reason = ?, ended_at = ?"
                + " where id = ? and state = ?",
            word(to),
            reason,
            ended,
            id,
            word(from))
        == 1;
  }

  private static String word(Proposal.State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }

  /** Writes a vote down; false if this voter has voted. */
  static boolean insert(Connection c, String proposal, Proposal.Vote vote) throws SQLException {
    return Rows.update(
            c,
            "insert into economy.vote (proposal, voter, yes, weight, explanation, at)"
                + " values (?, ?, ?, ?, ?::jsonb, ?) on conflict do nothing",
            proposal,
            vote.voter().value(),
            vote.yes(),
            vote.weight(),
            Json.write(vote.explanation().json()),
            vote.at())
        == 1;
  }

  static List<Proposal.Vote> votes(Connection c, String proposal) throws SQLException {
    return Rows.list(
        c,
        "select * from economy.vote where proposal = ? order by at, voter",
        row ->
            new Proposal.Vote(
                new TenantId(row.getString("voter")),
                row.getBoolean("yes"),
                row.getLong("weight"),
                Explanation.parse(Json.parseObject(row.getString("explanation"))),
                Rows.instant(row, "at")),
        proposal);
  }
}
