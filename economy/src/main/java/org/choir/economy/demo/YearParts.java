package org.choir.economy.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.choir.backbone.PublicEvents;
import org.choir.core.AuditSink;
import org.choir.core.ChoirException;
import org.choir.database.Database;
import org.choir.economy.EconomyServices;
import org.choir.economy.EconomyServices.PaymentDesk;
import org.choir.economy.Treasury;
import org.choir.economy.WebhookListener;
import org.choir.economy.WebhookSignature;
import org.choir.economy.Webhooks;
import org.choir.economy.stripe.StripePayments;
import org.choir.economy.stripe.StripeSandbox;

/**
 * What a year is lived with: the services of the economy over a database, a bus and a chain, which
 * may be closed and opened again at any time, and the world around them, which goes on: the clock,
 * and the sandbox of Stripe, reached over HTTP and heard through signed webhooks.
 */
public final class YearParts implements AutoCloseable {
  /** Who lends to the treasury, at 5 % a year. */
  static final Treasury.Lender LENDER = new Treasury.Lender("house", 50_000);

  /** What the lender has at Stripe at the beginning, in cents. */
  static final long LENT_CENTS = 10_000_000;

  private static final Duration DEADLINE = Duration.ofSeconds(10);

  private final Database database;
  private final PublicEvents bus;
  private final AuditSink audit;
  private final UnaryOperator<InstantSource> wound;
  private final YearClock clock;
  private final StripeSandbox sandbox;
  private final WebhookSignature.Secret secret =
      new WebhookSignature.Secret("whsec_" + java.util.UUID.randomUUID());
  private Optional<Open> open = Optional.empty();

  /** What a server has open. */
  private record Open(EconomyServices services, Webhooks webhooks, WebhookListener listener) {}

  /** Over a database that is empty or has this year in it. The services are closed. */
  public YearParts(Database database, PublicEvents bus, AuditSink audit) {
    this(database, bus, audit, UnaryOperator.identity());
  }

  /**
   * @param wound what the services take for the clock
   */
  YearParts(
      Database database, PublicEvents bus, AuditSink audit, UnaryOperator<InstantSource> wound) {
    this.database = database;
    this.bus = bus;
    this.audit = audit;
    this.wound = wound;
    this.clock = new YearClock(EconomyYear.BEGIN);
    this.sandbox = StripeSandbox.start(clock);
    sandbox.fund(LENT_CENTS);
  }

  /** The year's clock. */
  public YearClock clock() {
    return clock;
  }

  /** Stripe, and the people and banks behind it. */
  public StripeSandbox sandbox() {
    return sandbox;
  }

  /** The services; a server that was closed starts anew. */
  public EconomyServices services() {
    return open().services();
  }

  /** Cards and banks. */
  PaymentDesk desk() {
    return services().payments().orElseThrow();
  }

  private Open open() {
    if (open.isEmpty()) {
      open = Optional.of(start());
    }
    return open.get();
  }

  private Open start() {
    InstantSource theirs = wound.apply(clock);
    EconomyServices services =
        EconomyServices.open(
            new EconomyServices.Outside(
                database,
                audit,
                bus,
                user -> List.of(),
                Optional.of(new StripePayments(sandbox.options())),
                Optional.empty(),
                Optional.empty(),
                theirs),
            new EconomyServices.Options(true, Set.of("editor"), LENDER));
    try {
      PaymentDesk desk = services.payments().orElseThrow();
      Webhooks webhooks =
          new Webhooks(
              database,
              desk.purchases(),
              desk.withdrawals(),
              desk.payers(),
              List.of(secret),
              false,
              theirs);
      // Events are worked on when the year says so, so that each year is told alike.
      return new Open(services, webhooks, WebhookListener.start(webhooks, 0, DEADLINE, () -> {}));
    } catch (RuntimeException e) {
      services.close();
      throw e;
    }
  }

  /** Stripe brings its webhooks, and they are worked on. */
  void bringWebhooks() {
    Open now = open();
    List<JsonNode> waiting = sandbox.pending();
    if (sandbox.deliver(now.listener().address(), secret) != waiting.size()) {
      throw ChoirException.retryable(
          "webhooks_not_taken", "the listener did not take what Stripe brought", "try again", null);
    }
    while (now.webhooks().work() > 0) {
      // Until nothing is due.
    }
  }

  /** Closes the services, as at the end of a server; the world goes on. */
  public void closeServices() {
    if (open.isPresent()) {
      Open last = open.get();
      open = Optional.empty();
      last.listener().close();
      last.services().close();
    }
  }

  @Override
  public void close() {
    try {
      closeServices();
    } finally {
      sandbox.close();
    }
  }
}
