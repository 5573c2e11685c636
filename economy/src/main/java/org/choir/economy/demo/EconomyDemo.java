package org.choir.economy.demo;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.choir.backbone.Backbone;
import org.choir.backbone.PublicEvents;
import org.choir.core.AuditEvent;
import org.choir.core.AuditSink;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.database.Database;
import org.choir.economy.Ledger;
import org.choir.economy.LedgerCheck;
import org.choir.economy.TreasuryBooks;
import org.choir.economy.TreasuryFlow;
import org.choir.keys.FileDataKeys;

/**
 * {@code choir demo economy}: builds a house in a scratch folder (PostgreSQL, NATS, the sandbox of
 * Stripe), lives a user's year in it and tells it, then once more without buying CHIP. No money
 * moves, and nothing outside the folder is touched.
 */
public final class EconomyDemo {
  /** Where a house keeps the leaves of the ledger's batches, one JSON object a line. */
  static final String LEAVES = "leaves.jsonl";

  private static final int NEWS_MAX = 10_000;

  private EconomyDemo() {}

  /**
   * Lives both years; takes about 20 s.
   *
   * @param folder empty or not there yet; whoever gives it removes it
   * @throws ChoirException {@code demo_folder}, or of whatever could not be started
   */
  public static void run(Path folder, PrintStream out) {
    requireEmpty(folder);
    out.println("A year of Ada's, who buys 100 CHIP at its beginning. No money moves.");
    out.println();
    live(folder.resolve("buying"), true, out::println);
    out.println();
    out.println("The same year without buying CHIP: the article's own reward completes its stake.");
    out.println();
    live(folder.resolve("without"), false, out::println);
  }

  private static void requireEmpty(Path folder) {
    try {
      Files.createDirectories(folder);
      try (var there = Files.list(folder)) {
        if (there.findAny().isPresent()) {
          throw ChoirException.usage(
              "demo_folder", "the folder " + folder + " is not empty", "give a new one");
        }
      }
    } catch (IOException e) {
      throw ChoirException.fatal(
          "demo_folder",
          "the folder " + folder + " cannot be used: " + e.getMessage(),
          "give another",
          e);
    }
  }

  /** Lives one year in a house of its own; how Ada stands at its end. */
  static EconomyYear.Standing live(Path folder, boolean buysChip, Consumer<String> story) {
    Leaves leaves = new Leaves(folder);
    try (Database database = Database.open(new Database.Embedded(folder.resolve("postgres")));
        Backbone backbone =
            Backbone.start(
                new Backbone.Options(folder.resolve("nats"), 0, Backbone.Durability.CRASH),
                FileDataKeys.open(folder.resolve("keys")),
                InstantSource.system());
        YearParts parts = new YearParts(database, backbone.events(), leaves)) {
      EconomyYear.Standing end = new EconomyYear(parts, buysChip, story).run();
      story.accept("");
      check(database, parts.services().ledger(), leaves, backbone.events(), story);
      return end;
    }
  }

  private static void check(
      Database database, Ledger ledger, Leaves leaves, PublicEvents bus, Consumer<String> story) {
    LedgerCheck.Result result = LedgerCheck.run(database);
    story.accept(
        "The ledger: "
            + result.transfers()
            + " transfers in "
            + result.batches()
            + " batches, "
            + (result.sound() ? "sound" : "NOT SOUND: " + result.problems())
            + "; "
            + leaves.count()
            + " leaves for the audit chain.");
    for (Currency currency : new Currency[] {Currency.CHIP, Currency.USDC}) {
      TreasuryBooks books = TreasuryBooks.of(ledger, currency, ledger.seq());
      story.accept(
          "The treasury's "
              + currency
              + ": in "
              + words(books.inflows(), currency)
              + "; out "
              + words(books.outflows(), currency)
              + (books.agree() ? "; which is its balance of " : "; which is NOT its balance of ")
              + amount(books.balance(), currency)
              + ".");
    }
    long news =
        bus.after(0, NEWS_MAX).stream()
            .filter(event -> event.subject().startsWith("citation.reward."))
            .count();
    story.accept("On the bus: " + news + " messages about citation payments.");
  }

  private static String words(Map<TreasuryFlow, Long> flows, Currency currency) {
    return flows.entrySet().stream()
        .map(f -> f.getKey().reason().replace('_', ' ') + " " + amount(f.getValue(), currency))
        .collect(Collectors.joining(", "));
  }

  private static String amount(long units, Currency currency) {
    return currency == Currency.CHIP ? Receipts.chip(units) : Receipts.dollars(units);
  }

  /** The chain's leaves in a file: where no server runs, nothing else takes them. */
  private static final class Leaves implements AuditSink {
    private final Path file;
    private final Set<String> known = new HashSet<>();

    Leaves(Path folder) {
      try {
        Files.createDirectories(folder);
      } catch (IOException e) {
        throw new UncheckedIOException("the demo's folder cannot be made", e);
      }
      this.file = folder.resolve(LEAVES);
    }

    @Override
    public synchronized void record(AuditEvent event) {
      if (!known.add(event.id())) {
        return;
      }
      ObjectNode line =
          Json.object()
              .put("id", event.id())
              .put("kind", event.kind())
              .put("at", event.at().toString());
      line.set("data", event.data());
      try {
        Files.write(
            file,
            (Json.write(line) + "\n").getBytes(StandardCharsets.UTF_8),
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND);
      } catch (IOException e) {
        throw new UncheckedIOException("a leaf cannot be kept", e);
      }
    }

    synchronized int count() {
      return known.size();
    }
  }
}
