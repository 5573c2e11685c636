package org.choir.economy.stripe;

import com.stripe.Stripe;
import com.stripe.StripeClient;
import com.stripe.exception.CardException;
import com.stripe.exception.InvalidRequestException;
import com.stripe.exception.StripeException;
import com.stripe.model.Account;
import com.stripe.model.PaymentIntent;
import com.stripe.model.StripeCollection;
import com.stripe.model.StripeObject;
import com.stripe.model.checkout.Session;
import com.stripe.net.RequestOptions;
import com.stripe.param.AccountLinkCreateParams;
import com.stripe.param.DisputeListParams;
import com.stripe.param.PaymentIntentListParams;
import com.stripe.param.PaymentIntentRetrieveParams;
import com.stripe.param.PayoutListParams;
import com.stripe.param.RefundListParams;
import com.stripe.param.TransferListParams;
import com.stripe.param.checkout.SessionListParams;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.StreamSupport;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.choir.economy.PaymentService;
import org.jspecify.annotations.Nullable;

/**
 * Stripe as the payment service: Checkout, off-session payments, refunds and Connect. Each effect
 * carries an {@code Idempotency-Key} that follows from our row, and our row's id in the object's
 * metadata, by which it is found again when the key has been forgotten.
 */
public final class StripePayments implements PaymentService {
  /** The version of Stripe's interface that this was written against; the library sends it. */
  public static final String VERSION = "2026-07-29.dahlia";

  static final String REFERENCE = "choir";
  private static final int LOOKED_AT_MAX = 1_000;
  private static final int KEYS_MAX = 5;

  private final StripeClient client;

  /**
   * A client; nothing is sent yet.
   *
   * @throws IllegalStateException if the library speaks another version
   */
  public StripePayments(StripeOptions options) {
    if (!Stripe.API_VERSION.equals(VERSION)) {
      throw new IllegalStateException("Stripe's library speaks " + Stripe.API_VERSION);
    }
    this.client =
        StripeClient.builder()
            .setApiKey(options.key().secret())
            .setApiBase(options.base().toString())
            .setMaxNetworkRetries(options.retries())
            .setHttpClient(new BoundedHttp(options.deadline()))
            .build();
  }

  @Override
  public String name() {
    return "stripe";
  }

  /** A request to Stripe. */
  private interface Call<T> {
    T run() throws StripeException;
  }

  /** A request that has an effect. */
  private interface Effect<T> {
    T run(RequestOptions options) throws StripeException;
  }

  private static <T> T call(Call<T> call) {
    try {
      return call.run();
    } catch (StripeException e) {
      throw StripeFailures.of(e);
    }
  }

  /**
   * Has an effect once: if it may have been asked before, looks for its result first. A key whose
   * answer is a fault gets the same fault for a day; then the request is over, so that looking
   * tells whether there was an effect, and only if not the next key of the same row is used.
   */
  private static <T> T once(Ask ask, String account, Call<Optional<T>> look, Effect<T> effect)
      throws StripeException {
    if (ask.again()) {
      Optional<T> found = look.run();
      if (found.isPresent()) {
        return found.get();
      }
    }
    for (int n = 1; n <= KEYS_MAX; n++) {
      RequestOptions.RequestOptionsBuilder options =
          RequestOptions.builder().setIdempotencyKey("choir-" + ask.id() + "-" + n);
      if (!account.isEmpty()) {
        options.setStripeAccount(account);
      }
      try {
        return effect.run(options.build());
      } catch (BoundedHttp.ReplayedFault e) {
        Optional<T> found = look.run();
        if (found.isPresent()) {
          return found.get();
        }
      }
    }
    throw ChoirException.retryable(
        "payments_unavailable",
        "Stripe answers a fault each time",
        "try again; nothing is done twice",
        null);
  }

  private static <T extends StripeObject & com.stripe.model.HasId> Optional<T> first(
      StripeCollection<T> list, Predicate<T> wanted) {
    return StreamSupport.stream(list.autoPagingIterable().spliterator(), false)
        .limit(LOOKED_AT_MAX)
        .filter(wanted)
        .findFirst();
  }

  private static boolean ours(@Nullable Map<String, String> metadata, Ask ask) {
    return metadata != null && ask.id().toString().equals(metadata.get(REFERENCE));
  }

  @Override
  public String customer(Ask ask, TenantId user) {
    // A second customer of the same user would be empty and harm nobody: no look.
    return call(
        () ->
            once(
                    ask,
                    "",
                    Optional::<com.stripe.model.Customer>empty,
                    o -> client.v1().customers().create(StripeOrders.customer(ask, user), o))
                .getId());
  }

  @Override
  public Checkout openCheckout(Ask ask, CheckoutOrder order) {
    SessionListParams mine = SessionListParams.builder().setCustomer(order.customer()).build();
    return call(
        () ->
            StripeAnswers.checkout(
                once(
                    ask,
                    "",
                    () ->
                        first(
                            client.v1().checkout().sessions().list(mine),
                            s -> ours(s.getMetadata(), ask)),
                    o ->
                        client
                            .v1()
                            .checkout()
                            .sessions()
                            .create(StripeOrders.checkout(ask, order), o))));
  }

  @Override
  public Checkout checkout(String id) {
    return call(() -> StripeAnswers.checkout(client.v1().checkout().sessions().retrieve(id)));
  }

  @Override
  public Checkout expireCheckout(String id) {
    return call(
        () -> {
          Session session;
          try {
            session = client.v1().checkout().sessions().expire(id);
          } catch (InvalidRequestException e) {
            // Only an open one can be closed: then it is what it became.
            session = client.v1().checkout().sessions().retrieve(id);
          }
          return StripeAnswers.checkout(session);
        });
  }

  @Override
  public Charge charge(Ask ask, SavedCharge order) {
    PaymentIntentListParams mine =
        PaymentIntentListParams.builder().setCustomer(order.customer()).build();
    return call(
        () -> {
          try {
            PaymentIntent made =
                once(
                    ask,
                    "",
                    () ->
                        first(
                            client.v1().paymentIntents().list(mine),
                            p -> ours(p.getMetadata(), ask)),
                    o -> client.v1().paymentIntents().create(StripeOrders.charge(ask, order), o));
            return StripeAnswers.charge(made, 0);
          } catch (CardException e) {
            PaymentIntent refused =
                e.getStripeError() == null ? null : e.getStripeError().getPaymentIntent();
            if (refused == null) {
              throw e;
            }
            // The answer to a key is kept for a day; what became of the payment since is asked.
            return payment(refused.getId());
          }
        });
  }

  @Override
  public Charge payment(String id) {
    return call(
        () -> {
          PaymentIntent payment =
              client
                  .v1()
                  .paymentIntents()
                  .retrieve(
                      id,
                      PaymentIntentRetrieveParams.builder().addExpand("latest_charge").build(),
                      RequestOptions.getDefault());
          return StripeAnswers.charge(payment, disputedCents(payment));
        });
  }

  private long disputedCents(PaymentIntent payment) throws StripeException {
    if (payment.getLatestChargeObject() == null
        || !Boolean.TRUE.equals(payment.getLatestChargeObject().getDisputed())) {
      return 0;
    }
    DisputeListParams its = DisputeListParams.builder().setPaymentIntent(payment.getId()).build();
    return StreamSupport.stream(
            client.v1().disputes().list(its).autoPagingIterable().spliterator(), false)
        .limit(LOOKED_AT_MAX)
        .filter(dispute -> StripeAnswers.takenFromUs(dispute.getStatus()))
        .mapToLong(com.stripe.model.Dispute::getAmount)
        .sum();
  }

  @Override
  public Charge cancelPayment(String id) {
    return call(
        () -> {
          try {
            return StripeAnswers.charge(client.v1().paymentIntents().cancel(id), 0);
          } catch (InvalidRequestException e) {
            // Only an unpaid one can be given up: then it is what it became.
            return payment(id);
          }
        });
  }

  @Override
  public void refund(Ask ask, String payment, long cents) {
    RefundListParams its = RefundListParams.builder().setPaymentIntent(payment).build();
    call(
        () ->
            once(
                ask,
                "",
                () -> first(client.v1().refunds().list(its), r -> ours(r.getMetadata(), ask)),
                o -> client.v1().refunds().create(StripeOrders.refund(ask, payment, cents), o)));
  }

  @Override
  public String newPayee(Ask ask, TenantId user) {
    // As with customers: a second account without a bank harms nobody.
    return call(
        () ->
            once(
                    ask,
                    "",
                    Optional::<Account>empty,
                    o -> client.v1().accounts().create(StripeOrders.payee(ask, user), o))
                .getId());
  }

  @Override
  public URI onboarding(String account, URI returnTo) {
    // Links live for minutes and are used once: each asking must give a new one, so no key.
    return call(
        () ->
            URI.create(
                client
                    .v1()
                    .accountLinks()
                    .create(
                        AccountLinkCreateParams.builder()
                            .setAccount(account)
                            .setType(AccountLinkCreateParams.Type.ACCOUNT_ONBOARDING)
                            .setRefreshUrl(returnTo.toString())
                            .setReturnUrl(returnTo.toString())
                            .build(),
                        RequestOptions.builder()
                            .setIdempotencyKey("choir-link-" + UUID.randomUUID())
                            .build())
                    .getUrl()));
  }

  @Override
  public Payee payee(String account) {
    return call(() -> StripeAnswers.payee(client.v1().accounts().retrieve(account)));
  }

  @Override
  public Sent send(Ask ask, String account, long cents) {
    TransferListParams mine =
        TransferListParams.builder().setTransferGroup("choir-" + ask.id()).build();
    return call(
        () ->
            StripeAnswers.sent(
                once(
                    ask,
                    "",
                    () ->
                        first(client.v1().transfers().list(mine), t -> ours(t.getMetadata(), ask)),
                    o ->
                        client
                            .v1()
                            .transfers()
                            .create(StripeOrders.transfer(ask, account, cents), o))));
  }

  @Override
  public Sent sent(String id) {
    return call(() -> StripeAnswers.sent(client.v1().transfers().retrieve(id)));
  }

  @Override
  public Sent takeBack(Ask ask, String sent) {
    Sent now = sent(sent);
    if (now.reversedCents() >= now.cents()) {
      return now;
    }
    call(
        () ->
            once(
                ask,
                "",
                () ->
                    first(
                        client.v1().transfers().reversals().list(sent),
                        r -> ours(r.getMetadata(), ask)),
                o ->
                    client
                        .v1()
                        .transfers()
                        .reversals()
                        .create(sent, StripeOrders.reversal(ask), o)));
    return sent(sent);
  }

  @Override
  public Payout payOut(Ask ask, String account, long cents) {
    RequestOptions theirs = RequestOptions.builder().setStripeAccount(account).build();
    return call(
        () ->
            StripeAnswers.payout(
                account,
                once(
                    ask,
                    account,
                    () ->
                        first(
                            client.v1().payouts().list(PayoutListParams.builder().build(), theirs),
                            p -> ours(p.getMetadata(), ask)),
                    o -> client.v1().payouts().create(StripeOrders.payout(ask, cents), o))));
  }

  @Override
  public Payout payout(String account, String id) {
    RequestOptions theirs = RequestOptions.builder().setStripeAccount(account).build();
    return call(() -> StripeAnswers.payout(account, client.v1().payouts().retrieve(id, theirs)));
  }
}
