package org.choir.economy.stripe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import org.choir.core.Json;
import org.choir.economy.WebhookSignature;
import org.choir.economy.stripe.SandboxWorld.Refused;

/**
 * A server on this machine that speaks Stripe's interface over state of its own, for tests and for
 * {@code choir demo economy}: no money moves. It keeps Stripe's promises (idempotency keys that are
 * kept for a day, with their faults; errors in Stripe's form; lists in pages; signed webhooks) and
 * does on demand what goes wrong in the world: faults, lost connections, late, repeated and
 * disordered webhooks. What a person does at Stripe (pay, dispute, give papers) and what banks do
 * are its methods. Thread-safe.
 */
public final class StripeSandbox implements AutoCloseable {
  /** The key that the sandbox takes. */
  public static final String KEY = "sk_test_sandbox_of_choir";

  private static final Duration KEYS_KEPT = Duration.ofHours(24);
  private static final Duration DELIVERY = Duration.ofSeconds(10);
  private static final int BODY_MAX = 1 << 20;

  /** What a request meets instead of its answer. */
  public enum Trouble {
    /** HTTP 429, nothing is done. */
    LIMIT,
    /** HTTP 500 before anything is done; the key keeps it. */
    FAULT_BEFORE,
    /** It is done, then HTTP 500; the key keeps it. */
    FAULT_AFTER,
    /** The connection ends before anything is done. */
    CUT_BEFORE,
    /** It is done, then the connection ends. */
    CUT_AFTER,
    /** It is done, and no answer comes as long as the sandbox lives. */
    SILENT
  }

  private record Planned(String methodAndPath, Trouble trouble) {}

  private record Answer(int status, ObjectNode body) {}

  private record Remembered(String request, Answer answer, Instant at) {}

  private final InstantSource clock;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final SandboxWorld world;
  private final SandboxApi api;
  private final Map<String, Remembered> keys = new HashMap<>();
  private final ConcurrentLinkedQueue<Planned> troubles = new ConcurrentLinkedQueue<>();
  private final List<String> requests = new ArrayList<>();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(DELIVERY).build();
  private int delivered;

  private StripeSandbox(InstantSource clock, HttpServer server) {
    this.clock = clock;
    this.server = server;
    this.world = new SandboxWorld(clock);
    this.api = new SandboxApi(world);
  }

  /** Starts one on a free port of the loopback. */
  public static StripeSandbox start(InstantSource clock) {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      StripeSandbox sandbox = new StripeSandbox(clock, server);
      server.setExecutor(sandbox.threads);
      server.createContext("/", sandbox::handle);
      server.start();
      return sandbox;
    } catch (IOException e) {
      throw new UncheckedIOException("the sandbox cannot listen", e);
    }
  }

  /** Where it listens. */
  public URI base() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** How a client reaches it. */
  public StripeOptions options() {
    return new StripeOptions(StripeOptions.key(KEY, false), base(), Duration.ofSeconds(10), 0);
  }

  /** Lets the next request whose method and path begin like this meet trouble. */
  public void next(String methodAndPath, Trouble trouble) {
    troubles.add(new Planned(methodAndPath, trouble));
  }

  /** What was asked so far, as {@code POST /v1/refunds}, in its order. */
  public synchronized List<String> requests() {
    return List.copyOf(requests);
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readNBytes(BODY_MAX);
      String path = exchange.getRequestURI().getPath();
      String what = exchange.getRequestMethod() + " " + path;
      Trouble trouble = null;
      for (Planned planned : troubles) {
        if (what.startsWith(planned.methodAndPath()) && troubles.remove(planned)) {
          trouble = planned.trouble();
          break;
        }
      }
      if (trouble == Trouble.CUT_BEFORE) {
        return;
      }
      boolean post = exchange.getRequestMethod().equals("POST");
      String query = exchange.getRequestURI().getRawQuery();
      String form = post ? new String(body, StandardCharsets.UTF_8) : query == null ? "" : query;
      Map<String, String> headers = new HashMap<>();
      exchange
          .getResponseHeaders()
          .add("Request-Id", "req_" + Long.toHexString(System.identityHashCode(exchange)));
      for (String name :
          List.of("Authorization", "Stripe-Version", "Idempotency-Key", "Stripe-Account")) {
        String value = exchange.getRequestHeaders().getFirst(name);
        headers.put(name, value == null ? "" : value);
      }
      Answer answer = answer(what, form, headers, trouble, exchange);
      if (trouble == Trouble.CUT_AFTER) {
        return;
      }
      if (trouble == Trouble.SILENT) {
        closing.await();
        return;
      }
      byte[] bytes = Json.write(answer.body()).getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().add("Content-Type", "application/json");
      exchange.sendResponseHeaders(answer.status(), bytes.length);
      exchange.getResponseBody().write(bytes);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized Answer answer(
      String what,
      String form,
      Map<String, String> headers,
      @org.jspecify.annotations.Nullable Trouble trouble,
      HttpExchange exchange) {
    requests.add(what);
    if (!headers.getOrDefault("Authorization", "").equals("Bearer " + KEY)) {
      return refusal(
          new Refused(401, "invalid_request_error", "", "Invalid API Key provided: sk_test_***"));
    }
    if (!headers.getOrDefault("Stripe-Version", "").equals(StripePayments.VERSION)) {
      return refusal(Refused.request("", "Invalid Stripe API version"));
    }
    if (trouble == Trouble.LIMIT) {
      return refusal(
          new Refused(429, "invalid_request_error", "rate_limit", "Request rate limit exceeded."));
    }
    String key = headers.getOrDefault("Idempotency-Key", "");
    String account = headers.getOrDefault("Stripe-Account", "");
    if (what.startsWith("GET ")) {
      return trouble == null ? run(what, form, account) : fault();
    }
    if (key.isEmpty()) {
      return refusal(Refused.request("", "The sandbox wants an Idempotency-Key on every POST"));
    }
    String same = what + "?" + new TreeMap<>(parse(form));
    Remembered before = keys.get(account + "/" + key);
    if (before != null && before.at().plus(KEYS_KEPT).isAfter(clock.instant())) {
      if (!before.request().equals(same)) {
        return refusal(
            new Refused(
                400,
                "idempotency_error",
                "",
                "Keys for idempotent requests can only be used with the same parameters they were"
                    + " first used with."));
      }
      exchange.getResponseHeaders().add("Idempotent-Replayed", "true");
      return before.answer();
    }
    Answer answer = trouble == Trouble.FAULT_BEFORE ? fault() : run(what, form, account);
    if (trouble == Trouble.FAULT_AFTER) {
      answer = fault();
    }
    // A request that failed before anything was done leaves the key free.
    if (answer.status() != 400 && answer.status() != 404) {
      keys.put(account + "/" + key, new Remembered(same, answer, clock.instant()));
    }
    return answer;
  }

  private Answer run(String what, String form, String account) {
    try {
      return new Answer(200, api.run(what, parse(form), account));
    } catch (Refused e) {
      return refusal(e);
    }
  }

  private static Answer refusal(Refused e) {
    ObjectNode body = Json.object();
    body.set("error", e.error);
    return new Answer(e.status, body);
  }

  private static Answer fault() {
    return refusal(new Refused(500, "api_error", "", "An unknown error occurred"));
  }

  private static Map<String, String> parse(String form) {
    Map<String, String> parsed = new TreeMap<>();
    for (String pair : form.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        parsed.put(
            URLDecoder.decode(pair.substring(0, equals), StandardCharsets.UTF_8),
            URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
      }
    }
    return parsed;
  }

  // What people and banks do.

  /** Somebody pays on a page with a good card; true if the page is still open. */
  public boolean pay(String session) {
    return pay(session, "pm_card_visa");
  }

  /**
   * Somebody pays on a page.
   *
   * @param card one of Stripe's test cards by name, for example {@code pm_card_visa}, {@code
   *     pm_card_visa_chargeDeclined}, {@code pm_card_authenticationRequired}
   * @return whether it is paid
   */
  public synchronized boolean pay(String session, String card) {
    try {
      ObjectNode page = world.find("checkout.session", session);
      expireOverdue(page);
      if (!page.path("status").asText().equals("open")) {
        return false;
      }
      ObjectNode payment =
          api.newPayment(page.path("amount_total").asLong(), page.path("currency").asText());
      payment.put("customer", page.path("customer").asText());
      payment.set("metadata", page.path("payment_metadata").deepCopy());
      ObjectNode method = world.make("pm", "payment_method");
      method.put("type", "card");
      if (page.path("setup_future_usage").asText().equals("off_session")) {
        method.put("customer", page.path("customer").asText());
      }
      world.behave(method.path("id").asText(), card);
      world.confirm(payment, method.path("id").asText(), true);
      page.put("status", "complete")
          .put("payment_status", "paid")
          .put("payment_intent", payment.path("id").asText())
          .putNull("url");
      world.tell("checkout.session.completed", page, "");
      return true;
    } catch (Refused e) {
      return false;
    }
  }

  private void expireOverdue(ObjectNode page) {
    if (page.path("status").asText().equals("open")
        && page.path("expires_at").asLong() <= world.now()) {
      page.put("status", "expired").putNull("url");
      world.tell("checkout.session.expired", page, "");
    }
  }

  /** Time has gone on: pages that are overdue close. */
  public synchronized void tick() {
    world
        .all(o -> o.path("object").asText().equals("checkout.session"))
        .forEach(this::expireOverdue);
  }

  /** The saved cards of this customer behave like this test card from now on. */
  public synchronized void cards(String customer, String card) {
    world
        .all(
            o ->
                o.path("object").asText().equals("payment_method")
                    && o.path("customer").asText().equals(customer))
        .forEach(method -> world.behave(method.path("id").asText(), card));
  }

  /** The payer's bank takes a payment, or a part of it, back. */
  public synchronized String dispute(String payment, long cents) {
    ObjectNode intent = existing("payment_intent", payment);
    ObjectNode charge = existing("charge", intent.path("latest_charge").asText());
    charge.put("disputed", true);
    ObjectNode dispute = world.make("dp", "dispute");
    dispute
        .put("amount", cents)
        .put("currency", "usd")
        .put("status", "needs_response")
        .put("payment_intent", payment)
        .put("charge", charge.path("id").asText());
    world.add("", -cents);
    world.tell("charge.dispute.created", dispute, "");
    world.tell("charge.dispute.funds_withdrawn", dispute, "");
    return dispute.path("id").asText();
  }

  /** The bank decides a dispute. */
  public synchronized void decide(String dispute, boolean won) {
    ObjectNode disputed = existing("dispute", dispute);
    disputed.put("status", won ? "won" : "lost");
    if (won) {
      world.add("", disputed.path("amount").asLong());
      world.tell("charge.dispute.funds_reinstated", disputed, "");
    }
    world.tell("charge.dispute.closed", disputed, "");
  }

  /** A payee gives their papers and their bank, or loses the right to be paid out again. */
  public synchronized void onboarded(String account, boolean enabled) {
    ObjectNode payee = existing("account", account);
    payee.put("payouts_enabled", enabled);
    ObjectNode requirements = payee.putObject("requirements");
    if (enabled) {
      requirements.putNull("disabled_reason").putArray("currently_due");
    } else {
      requirements.put("disabled_reason", "requirements.past_due");
      requirements.putArray("currently_due").add("individual.verification.document");
    }
    world.tell("account.updated", payee, account);
  }

  /** A payout reaches the bank. */
  public synchronized void arrive(String payout) {
    ObjectNode sent = existing("payout", payout);
    sent.put("status", "paid");
    world.tell("payout.paid", sent, sent.path("of_account").asText());
  }

  /** The bank sends a payout back, even one that had arrived. */
  public synchronized void bounce(String payout, String failure) {
    ObjectNode sent = existing("payout", payout);
    sent.put("status", "failed").put("failure_code", failure);
    world.add(sent.path("of_account").asText(), sent.path("amount").asLong());
    world.tell("payout.failed", sent, sent.path("of_account").asText());
  }

  /** Puts cents on the platform's balance, as an operator does from a bank. */
  public synchronized void fund(long cents) {
    world.add("", cents);
  }

  /** What is on a balance: the platform's (empty) or an account's. */
  public synchronized long balance(String account) {
    return world.balance(account);
  }

  private ObjectNode existing(String kind, String id) {
    try {
      return world.find(kind, id);
    } catch (Refused e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /** Every object of a kind, as Stripe shows it, oldest first. */
  public synchronized List<JsonNode> objects(String kind) {
    Predicate<ObjectNode> wanted = o -> o.path("object").asText().equals(kind);
    return world.all(wanted).stream().map(o -> (JsonNode) o.deepCopy()).toList();
  }

  /** Every event so far, oldest first, each with the object as it was then. */
  public synchronized List<JsonNode> events() {
    return world.events().stream().map(o -> (JsonNode) o.deepCopy()).toList();
  }

  /** The events that {@link #deliver} has not sent yet. */
  public synchronized List<JsonNode> pending() {
    return events().subList(delivered, world.events().size());
  }

  /** Sends one event to a listener, signed now; the answer is the listener's HTTP status. */
  public int send(URI listener, List<WebhookSignature.Secret> secrets, JsonNode event) {
    byte[] body = Json.pretty(event).getBytes(StandardCharsets.UTF_8);
    HttpRequest request =
        HttpRequest.newBuilder(listener)
            .timeout(DELIVERY)
            .header("Content-Type", "application/json; charset=utf-8")
            .header("Stripe-Signature", WebhookSignature.header(body, secrets, clock.instant()))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
    try {
      return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    } catch (IOException e) {
      throw new UncheckedIOException("the listener does not answer", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  /** Sends what was not sent yet, in its order; the answer is how many were taken. */
  public int deliver(URI listener, WebhookSignature.Secret secret) {
    int taken = 0;
    for (JsonNode event : pending()) {
      if (send(listener, List.of(secret), event) / 100 != 2) {
        break;
      }
      taken++;
      synchronized (this) {
        delivered++;
      }
    }
    return taken;
  }

  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
    threads.close();
    client.close();
  }
}
