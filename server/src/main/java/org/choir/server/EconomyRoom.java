package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.choir.backbone.Backbone;
import org.choir.core.AuditSink;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.choir.economy.ChainGateway;
import org.choir.economy.Cited;
import org.choir.economy.EconomyRounds;
import org.choir.economy.EconomyServices;
import org.choir.economy.FromKnowledge;
import org.choir.economy.PaymentService;
import org.choir.economy.RunCharges;
import org.choir.economy.Treasury;
import org.choir.economy.UserKeys;
import org.choir.economy.WebhookListener;
import org.choir.economy.WebhookSignature;
import org.choir.economy.Webhooks;
import org.choir.economy.stripe.StripeOptions;
import org.choir.economy.stripe.StripePayments;
import org.choir.economy.sui.SuiGateway;
import org.choir.economy.sui.TreasuryKey;
import org.choir.knowledge.CitationWeights;
import org.choir.sandbox.Signers;
import org.jspecify.annotations.Nullable;

/**
 * The economy, opened with its PostgreSQL when money is first asked for, and with the server from
 * then on. Does its rounds every minute, and listens for the payment service's messages if there is
 * one.
 */
final class EconomyRoom implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(EconomyRoom.class.getName());
  private static final long ROUND_SECONDS = 60;
  private static final long SOON_MILLIS = 200;
  private static final Duration WEBHOOK_DEADLINE = Duration.ofSeconds(10);

  private final Path used;
  private final SharedDatabase database;
  private final Backbone backbone;
  private final AuditSink audit;
  private final Signers signers;
  private final KnowledgeRoom knowledge;
  private final Settings settings;
  private final PlatformCredentials credentials;
  private final Function<String, RunCharges.RunEnd> runs;
  private final InstantSource clock;
  private final ScheduledExecutorService rounds =
      Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().name("economy").factory());
  private final Set<String> starting = ConcurrentHashMap.newKeySet();
  private @Nullable Open open;
  private boolean closed;

  /** Where the payment service's messages arrive, and what works on them. */
  private record Door(Webhooks webhooks, WebhookListener listener) {}

  private record Open(EconomyServices services, EconomyRounds rounds, Optional<Door> door) {}

  EconomyRoom(
      Home home,
      SharedDatabase database,
      Backbone backbone,
      AuditSink audit,
      Signers signers,
      KnowledgeRoom knowledge,
      Settings settings,
      PlatformCredentials credentials,
      Function<String, RunCharges.RunEnd> runs,
      InstantSource clock) {
    this.used = home.part("economy").resolve("used");
    this.database = database;
    this.backbone = backbone;
    this.audit = audit;
    this.signers = signers;
    this.knowledge = knowledge;
    this.settings = settings;
    this.credentials = credentials;
    this.runs = run -> starting.contains(run) ? RunCharges.RunEnd.RUNNING : runs.apply(run);
    this.clock = clock;
    if (settings.economy().enabled() && Files.exists(used)) {
      // Months end and payments arrive whether or not anybody asks.
      rounds.schedule(this::round, ROUND_SECONDS, TimeUnit.SECONDS);
    }
  }

  /** Whether this user pays for runs and stakes articles. */
  boolean counts(TenantId user) {
    return settings.economy().enabled() && !settings.economy().exempt().contains(user.value());
  }

  /**
   * Everything that moves money; the first call opens it.
   *
   * @throws ChoirException {@code economy_off}
   */
  EconomyServices services() {
    return opened().services();
  }

  private synchronized Open opened() {
    if (closed) {
      throw new IllegalStateException("the server is ending");
    }
    if (!settings.economy().enabled()) {
      throw ChoirException.usage(
          "economy_off", "this server has no economy", "configure economy.enabled: true");
    }
    Open there = open;
    if (there == null) {
      there = start();
      open = there;
      rounds.scheduleWithFixedDelay(this::round, ROUND_SECONDS, ROUND_SECONDS, TimeUnit.SECONDS);
    }
    return there;
  }

  private Open start() {
    Map<String, String> stripe = credentials.of("stripe");
    Optional<PaymentService> payments = payments(stripe);
    UserKeys keys =
        user ->
            signers.keys(user).stream()
                .map(key -> new UserKeys.UserKey(key.base64(), key.lostMillis() == 0))
                .toList();
    EconomyServices services =
        EconomyServices.open(
            new EconomyServices.Outside(
                database.open(),
                audit,
                backbone.events(),
                keys,
                payments,
                chain(),
                settings.economy().sui().flatMap(sui -> sui.market(clock)),
                clock),
            new EconomyServices.Options(
                true,
                settings.knowledge().reviewers(),
                new Treasury.Lender(settings.economy().lender(), settings.economy().interest())));
    try {
      if (!Files.exists(used)) {
        Files.createFile(used);
      }
      return new Open(
          services,
          new EconomyRounds(services, this::cited, runs, clock),
          services.payments().flatMap(desk -> door(desk, stripe)));
    } catch (java.io.IOException e) {
      services.close();
      throw new java.io.UncheckedIOException(e);
    } catch (RuntimeException e) {
      services.close();
      throw e;
    }
  }

  /** The ledger is the truth; with a chain configured, payments are settled there too. */
  private Optional<ChainGateway> chain() {
    Optional<EconomySettings.Sui> sui = settings.economy().sui();
    if (sui.isEmpty()) {
      return Optional.empty();
    }
    String key = credentials.of("sui").getOrDefault("SUI_TREASURY_KEY", "");
    if (key.isEmpty()) {
      throw ChoirException.usage(
          "no_treasury_key",
          "economy.sui is configured and the treasury's key is not there",
          "start the server with SUI_TREASURY_KEY");
    }
    return Optional.of(
        new SuiGateway(
            sui.get().options(), TreasuryKey.parse(key), user -> new SuiSigner(signers, user)));
  }

  private Optional<PaymentService> payments(Map<String, String> stripe) {
    String key = stripe.getOrDefault("STRIPE_API_KEY", "");
    if (key.isEmpty()) {
      return Optional.empty();
    }
    StripeOptions options =
        StripeOptions.of(StripeOptions.key(key, settings.economy().livePayments()));
    String base = stripe.getOrDefault("STRIPE_BASE_URL", "");
    return Optional.of(
        new StripePayments(base.isEmpty() ? options : options.at(java.net.URI.create(base))));
  }

  /** Without a secret nothing that arrives could be believed; rounds then ask by themselves. */
  private Optional<Door> door(EconomyServices.PaymentDesk desk, Map<String, String> stripe) {
    List<WebhookSignature.Secret> secrets =
        Arrays.stream(stripe.getOrDefault("STRIPE_WEBHOOK_SECRET", "").split(",", -1))
            .map(String::strip)
            .filter(secret -> !secret.isEmpty())
            .map(WebhookSignature.Secret::new)
            .toList();
    if (secrets.isEmpty()) {
      return Optional.empty();
    }
    boolean live = StripeOptions.key(stripe.getOrDefault("STRIPE_API_KEY", ""), true).live();
    Webhooks webhooks =
        new Webhooks(
            database.open(),
            desk.purchases(),
            desk.withdrawals(),
            desk.payers(),
            secrets,
            live,
            clock);
    WebhookListener listener =
        WebhookListener.start(
            webhooks,
            settings.economy().webhookPort(),
            WEBHOOK_DEADLINE,
            () -> rounds.execute(() -> quietly("webhooks", webhooks::work)));
    return Optional.of(new Door(webhooks, listener));
  }

  /** Every citation with its weight; where trust has a beginning, also whether any flows. */
  private List<Cited> cited() {
    if (!knowledge.hasArticles()) {
      return List.of();
    }
    List<CitationWeights.Weighed> weighed = knowledge.base().citations().weighed();
    return FromKnowledge.cited(weighed, trusted(weighed));
  }

  /** To whom trust flows, and who proved to be a person; empty where trust has no beginning. */
  private Set<String> trusted(List<CitationWeights.Weighed> weighed) {
    Set<String> trusted = new HashSet<>();
    knowledge
        .base()
        .citations()
        .trust()
        .forEach(
            (account, share) -> {
              if (share > 0) {
                trusted.add(account);
              }
            });
    if (!trusted.isEmpty()) {
      for (CitationWeights.Weighed each : weighed) {
        String citing = each.citation().citingAuthor();
        if (!trusted.contains(citing) && isPerson(citing)) {
          trusted.add(citing);
        }
      }
    }
    return trusted;
  }

  private boolean isPerson(String account) {
    return TenantId.isValid(account)
        && services().signUps().person(new TenantId(account)).isPresent();
  }

  /** Lets the user's card buy credits if few are left and they agreed; nobody waits for it. */
  void buyIfLow(TenantId user) {
    services()
        .payments()
        .ifPresent(
            desk ->
                rounds.execute(
                    () ->
                        quietly(
                            "autopurchase", () -> desk.autopurchases().check(user, returnTo()))));
  }

  /** A run whose price is reserved and that is not recorded yet. */
  void starting(String run) {
    starting.add(run);
  }

  /** It is recorded, or never will be. */
  void started(String run) {
    starting.remove(run);
  }

  /** Does what is due, soon and beside the caller: the news of an act is not waited for. */
  void settle() {
    rounds.schedule(
        () -> quietly("news", () -> services().news().drain()), SOON_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** One round now; what failed, by task. */
  Map<String, String> roundNow() {
    Open there = opened();
    // What arrived before a restart, or could not be worked on, waits here.
    there.door().ifPresent(door -> quietly("webhooks", door.webhooks()::work));
    return there.rounds().run();
  }

  private void round() {
    quietly(
        "round",
        () ->
            roundNow()
                .forEach((task, why) -> LOG.log(Level.WARNING, "economy, {0}: {1}", task, why)));
  }

  private static void quietly(String what, Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "the economy's " + what + " failed and is tried again", e);
    }
  }

  /** Where a payment page sends people back to. */
  java.net.URI returnTo() {
    return settings.economy().returnTo();
  }

  /** Adds where the payment service's messages arrive, while there is such a place. */
  synchronized void describe(ObjectNode status) {
    if (open != null) {
      open.door().ifPresent(door -> status.put("webhooks", door.listener().address().toString()));
    }
  }

  @Override
  public void close() {
    rounds.shutdown();
    synchronized (this) {
      closed = true;
      if (open != null) {
        open.door().ifPresent(door -> door.listener().close());
        open.services().close();
      }
    }
  }
}
