package org.choir.economy;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.database.Database;

/**
 * What the payment service tells us. An event is a reason to look, never the truth: events come
 * twice, late and out of order, so the object's state is asked for. It is acknowledged when it is
 * durable and worked on after that, again and again until it is done. Thread-safe.
 */
public final class Webhooks {
  /** The largest event that is taken. */
  public static final int BODY_MAX = 256 << 10;

  private static final Duration TOLERANCE = Duration.ofMinutes(5);
  private static final int WORK_MAX = 100;
  private static final int ATTEMPTS_MAX = 100;
  private static final int WORD_MAX = 200;

  private final Database database;
  private final Purchases purchases;
  private final Withdrawals withdrawals;
  private final Payers payers;
  private final List<WebhookSignature.Secret> secrets;
  private final boolean live;
  private final InstantSource clock;

  /**
   * The webhooks of one service.
   *
   * @param secrets with any of which an event may be signed: several while one is changed, and one
   *     for each of the service's senders
   * @param live whether events about real money are meant for us
   */
  public Webhooks(
      Database database,
      Purchases purchases,
      Withdrawals withdrawals,
      Payers payers,
      List<WebhookSignature.Secret> secrets,
      boolean live,
      InstantSource clock) {
    this.database = database;
    this.purchases = purchases;
    this.withdrawals = withdrawals;
    this.payers = payers;
    this.secrets = List.copyOf(secrets);
    this.live = live;
    this.clock = clock;
  }

  /**
   * Takes an event and keeps it; when this returns it is durable.
   *
   * @param header the header {@code Stripe-Signature}
   * @return false if it was known already
   * @throws ChoirException {@code bad_signature}, {@code bad_event}: nothing is kept
   */
  public boolean accept(byte[] body, String header) {
    WebhookSignature.Verdict verdict =
        body.length > BODY_MAX
            ? WebhookSignature.Verdict.MALFORMED
            : WebhookSignature.judge(body, header, secrets, clock.instant(), TOLERANCE);
    if (verdict != WebhookSignature.Verdict.GOOD) {
      throw ChoirException.usage(
          "bad_signature",
          "an event's signature is " + verdict.name().toLowerCase(java.util.Locale.ROOT),
          "check the secret of the webhook, and both clocks");
    }
    JsonNode event = Json.parse(body);
    String id = word(event.path("id"));
    JsonNode object = event.path("data").path("object");
    if (!id.startsWith("evt_") || word(object.path("object")).isEmpty()) {
      throw ChoirException.usage("bad_event", "a signed message that is no event", "");
    }
    Instant now = clock.instant();
    return database.transaction(
        c ->
            Rows.update(
                    c,
                    "insert into economy.webhook (id, type, object_kind, object_id, payment,"
                        + " account, live, digest, received_at, state, due_at)"
                        + " values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'received', ?)"
                        + " on conflict do nothing",
                    id,
                    word(event.path("type")),
                    word(object.path("object")),
                    word(object.path("id")),
                    word(object.path("payment_intent")),
                    word(event.path("account")),
                    event.path("livemode").asBoolean(),
                    Digest.of(body).hex(),
                    now,
                    now)
                == 1);
  }

  private static String word(JsonNode node) {
    return Text.visible(node.isTextual() ? node.asText() : "", WORD_MAX);
  }

  private record Row(
      String id,
      String kind,
      String object,
      String payment,
      String account,
      boolean live,
      int attempts) {
    static Row read(ResultSet row) throws SQLException {
      return new Row(
          row.getString("id"),
          row.getString("object_kind"),
          row.getString("object_id"),
          row.getString("payment"),
          row.getString("account"),
          row.getBoolean("live"),
          row.getInt("attempts"));
    }
  }

  /**
   * Works on events that are due. To be called when one has come, and every few seconds.
   *
   * @return how many were worked on
   */
  public int work() {
    Instant now = clock.instant();
    List<Row> due =
        database.transaction(
            c ->
                Rows.list(
                    c,
                    "select * from economy.webhook where state = 'received' and due_at <= ?"
                        + " order by due_at, id limit ?",
                    Row::read,
                    now,
                    WORK_MAX));
    for (Row row : due) {
      try {
        end(row, row.live() == live && look(row) ? "done" : "ignored");
      } catch (RuntimeException e) {
        // One that cannot be helped must not keep the others waiting.
        failed(row, e);
      }
    }
    return due.size();
  }

  /** Looks at what an event is about; false if that is nothing of ours. */
  private boolean look(Row row) {
    return switch (row.kind()) {
      case "checkout.session" -> purchases.lookAtCheckout(row.object());
      case "payment_intent" -> purchases.lookAtPayment(row.object());
      case "charge", "dispute", "refund" ->
          !row.payment().isEmpty() && purchases.lookAtPayment(row.payment());
      case "account" -> payers.look(row.object());
      case "payout" -> withdrawals.lookAtPayout(row.account(), row.object());
      case "transfer" -> withdrawals.lookAtSent(row.account(), row.object());
      default -> false;
    };
  }

  private void end(Row row, String state) {
    database.transaction(
        c ->
            Rows.update(
                c,
                "update economy.webhook set state = ?, problem = '' where id = ?",
                state,
                row.id()));
  }

  private void failed(Row row, RuntimeException e) {
    boolean over = row.attempts() + 1 >= ATTEMPTS_MAX;
    database.transaction(
        c ->
            Rows.update(
                c,
                "update economy.webhook set attempts = attempts + 1, due_at = ?, problem = ?,"
                    + " state = ? where id = ?",
                PaymentSql.later(clock.instant(), row.attempts()),
                PaymentSql.problem(e),
                over ? "given_up" : "received",
                row.id()));
  }

  /**
   * How many events are in a state: {@code received}, {@code done}, {@code ignored}, {@code
   * given_up}.
   */
  public long count(String state) {
    return database.transaction(
        c -> Rows.number(c, "select count(*) from economy.webhook where state = ?", state));
  }
}
