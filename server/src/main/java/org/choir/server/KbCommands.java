package org.choir.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.knowledge.Article;
import org.choir.knowledge.ArticleSearch;
import org.choir.knowledge.CitationRow;
import org.choir.knowledge.CitationWeights;
import org.choir.knowledge.KnowledgeBase;
import org.choir.knowledge.NoveltyScore;
import org.choir.knowledge.PassageIndex;
import org.choir.knowledge.Submission;
import org.choir.knowledge.VerificationRecord;

/** The commands over published articles; each answer has a {@code text} for people. */
final class KbCommands {
  private static final int LIMIT = 10;
  private static final int BOOST = 25;
  private static final long FILE_BYTES_MAX = 8L << 20;

  /** What {@link #handle} knows. */
  static final Set<String> NAMES =
      Set.of(
          "kb.search",
          "kb.show",
          "kb.rebuild",
          "kb.review",
          "kb.withdraw",
          "kb.rings",
          "kb.release",
          "kb.account",
          "kb.uncite",
          "publish",
          "revise",
          "boost",
          "cite");

  private final KnowledgeRoom room;
  private final PaidPublishing publishing;

  KbCommands(KnowledgeRoom room, PaidPublishing publishing) {
    this.room = room;
    this.publishing = publishing;
  }

  /**
   * Works on a thread of its own: the interrupt that a client's leaving is would close the index in
   * the middle of a write, so it ends the waiting and not the work.
   */
  ObjectNode handle(Request request, Request.Events events) throws InterruptedException {
    CompletableFuture<ObjectNode> done = new CompletableFuture<>();
    Thread.ofPlatform()
        .name("knowledge " + request.command())
        .daemon()
        .start(
            () -> {
              try {
                done.complete(
                    work(
                        request,
                        event -> {
                          if (!done.isCancelled()) {
                            events.send(event);
                          }
                        }));
              } catch (RuntimeException e) {
                done.completeExceptionally(e);
              }
            });
    try {
      return done.get();
    } catch (InterruptedException e) {
      done.cancel(false);
      throw e;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ChoirException failure) {
        throw failure;
      }
      throw new IllegalStateException(request.command() + " failed", e.getCause());
    }
  }

  private ObjectNode work(Request request, Request.Events events) {
    KnowledgeBase base = room.base();
    String user = request.user().value();
    return switch (request.command()) {
      case "kb.search" ->
          search(base, request.optional("field").orElse("all"), request.arguments());
      case "kb.show" -> show(base, request.text("id"), request.flag("body"));
      case "kb.rebuild" -> rebuild(base, events);
      case "kb.review" ->
          decided(publishing.review(base, request.text("id"), user, request.flag("accept")));
      case "kb.withdraw" -> decided(base.withdraw(request.text("id"), user));
      case "kb.rings" -> rings(base, request);
      case "kb.release" -> {
        base.release(request.text("id"), user);
        yield Json.object().put("text", request.text("id") + " is released");
      }
      case "kb.account" -> account(base, request, user);
      case "kb.uncite" -> {
        base.uncite(user, request.text("id"));
        yield Json.object().put("text", "the citation " + request.text("id") + " is withdrawn");
      }
      case "publish" -> {
        PaidPublishing.Published published =
            publishing.publish(base, submission(request, request.text("field")));
        ObjectNode answer = decided(published.article());
        published
            .reward()
            .ifPresent(
                reward ->
                    answer
                        .put("reward", reward.worth())
                        .put(
                            "text",
                            answer.path("text").asText() + "\n" + PaidPublishing.words(reward)));
        yield answer;
      }
      case "revise" -> {
        String id = request.text("id");
        Article article = base.articles().show(id);
        yield decided(publishing.revise(base, id, submission(request, article.field())));
      }
      case "boost" ->
          decided(
              publishing.boost(
                  base,
                  request.text("id"),
                  user,
                  (int) request.number("chip").orElse(BOOST),
                  request.optional("key").orElseGet(() -> UUID.randomUUID().toString())));
      case "cite" ->
          cited(
              base.cite(
                  user,
                  request.text("from"),
                  request.text("to"),
                  request.optional("claim").orElse("")));
      default -> throw new IllegalArgumentException(request.command());
    };
  }

  private static Submission submission(Request request, String field) {
    Path file = Path.of(request.text("file"));
    Path beside = file.resolveSibling(file.getFileName() + ".verification.json");
    Optional<VerificationRecord> record =
        Files.exists(beside)
            ? Optional.of(VerificationRecord.parse(read(beside)))
            : Optional.empty();
    int stake = (int) request.number("stake").orElse(Submission.STAKE);
    return new Submission(request.user().value(), field, read(file), record, stake);
  }

  private static String read(Path file) {
    try {
      if (Files.size(file) <= FILE_BYTES_MAX) {
        return Files.readString(file);
      }
      throw ChoirException.usage("file_too_large", file + " has more than 8 MiB", "");
    } catch (IOException e) {
      throw ChoirException.usage(
          "cannot_read",
          "cannot read " + file + ": " + e.getMessage(),
          "name a Markdown file in UTF-8");
    }
  }

  /** The answer to a search, for the command and the service alike. */
  static ObjectNode search(KnowledgeBase base, String field, ObjectNode asked) {
    Set<String> fields =
        field.equals("all") ? Set.of() : Set.of(field.strip().toLowerCase(Locale.ROOT));
    String author = asked.path("author").asText();
    PassageIndex.Filter filter =
        new PassageIndex.Filter(
            fields, author.isEmpty() ? Set.of() : Set.of(author), Long.MIN_VALUE, Long.MAX_VALUE);
    ArticleSearch.Answer answer =
        base.search()
            .search(asked.path("question").asText(), filter, asked.path("limit").asInt(LIMIT));
    ObjectNode out = Json.object();
    ArrayNode results = out.putArray("results");
    List<String> lines = new ArrayList<>();
    for (ArticleSearch.Found found : answer.found()) {
      Article article = found.article();
      results
          .addObject()
          .put("id", article.id())
          .put("version", article.version().number())
          .put("title", article.version().title())
          .put("author", article.author())
          .put("field", article.field())
          .put("section", found.passage().section())
          .put("locator", found.passage().locator())
          .put("snippet", found.snippet())
          .put("relevance", found.relevance())
          .put("likeness", found.likeness())
          .put("stake", article.stake())
          .put("boost", article.boost());
      lines.add(
          "%s  %s  (%s, %s)"
              .formatted(
                  article.id(), article.version().title(), article.author(), article.field()));
      String section = found.passage().section();
      lines.add("    " + (section.isEmpty() ? "" : section + " · ") + found.passage().locator());
      lines.add("    " + found.snippet());
    }
    ObjectNode facets = out.putObject("facets");
    ObjectNode byField = facets.putObject("field");
    answer.fields().forEach(byField::put);
    ObjectNode byAuthor = facets.putObject("author");
    answer.authors().forEach(byAuthor::put);
    return out.put("text", lines.isEmpty() ? "nothing found" : String.join("\n", lines));
  }

  private static ObjectNode show(KnowledgeBase base, String id, boolean body) {
    Article article = base.articles().show(id);
    ObjectNode out = json(article);
    ArrayNode versions = out.putArray("versions");
    for (Article.Version version : base.articles().versions(id)) {
      versions
          .addObject()
          .put("number", version.number())
          .put("digest", version.digest().hex())
          .put("title", version.title())
          .put("words", version.words())
          .put("at", version.at().toString());
    }
    List<String> lines = new ArrayList<>(List.of(text(article)));
    for (JsonNode version : versions.size() > 1 ? versions : Json.array()) {
      lines.add(
          "version    %d  %s  %d words  %s"
              .formatted(
                  version.path("number").asInt(),
                  version.path("at").asText(),
                  version.path("words").asInt(),
                  version.path("digest").asText().substring(0, 12)));
    }
    ArrayNode citations = out.putArray("citations");
    for (CitationWeights.Weighed weighed : base.citations().weighed()) {
      CitationRow row = weighed.citation();
      if (row.cited().equals(id) || row.citing().equals(id)) {
        citations.add(json(weighed));
        lines.add(
            (row.cited().equals(id) ? "cited by   " + row.citing() : "cites      " + row.cited())
                + "  in "
                + row.id()
                + "  weight "
                + weighed.weight()
                + (weighed.reason().isEmpty() ? "" : "  " + weighed.reason()));
      }
    }
    if (body) {
      String text = base.articles().body(article.version());
      out.put("body", text);
      lines.add("");
      lines.add(text.stripTrailing());
    }
    return out.put("text", String.join("\n", lines));
  }

  private static ObjectNode rebuild(KnowledgeBase base, Request.Events events) {
    ObjectNode result =
        base.rebuild((done, of) -> events.send(Json.object().put("read", done).put("of", of)));
    return result.put(
        "text",
        result.path("articles").asInt()
            + " articles indexed anew, "
            + result.path("differing").asInt()
            + " rows differ from the tables");
  }

  private static ObjectNode rings(KnowledgeBase base, Request request) {
    if (request.flag("find")) {
      base.findRings();
    }
    ObjectNode out = Json.object();
    ArrayNode rings = out.putArray("rings");
    List<String> lines = new ArrayList<>();
    for (ObjectNode ring : base.citations().rings()) {
      rings.add(ring);
      List<String> members = new ArrayList<>();
      ring.path("members").forEach(m -> members.add(m.path("author").asText()));
      lines.add(
          "%s  %s  %s: %.0f citations inside, %.1f expected, p %.2g"
              .formatted(
                  ring.path("id").asText(),
                  ring.path("state").asText(),
                  String.join(", ", members),
                  ring.path("inside").asDouble(),
                  ring.path("expected").asDouble(),
                  ring.path("p").asDouble()));
    }
    return out.put("text", lines.isEmpty() ? "no rings" : String.join("\n", lines));
  }

  private static ObjectNode account(KnowledgeBase base, Request request, String user) {
    String name = request.text("name");
    String owner = request.optional("owner").orElse(name);
    base.account(name, owner, request.flag("seed"), user);
    double trust = base.citations().trust().getOrDefault(name, 0.0);
    return Json.object()
        .put("account", name)
        .put("owner", owner)
        .put("seed", request.flag("seed"))
        .put("trust", trust)
        .put(
            "text",
            "%s belongs to %s%s; its share of trust is %.3f"
                .formatted(
                    name, owner, request.flag("seed") ? ", trust begins with it" : "", trust));
  }

  private static ObjectNode decided(Article article) {
    return json(article).put("text", text(article));
  }

  private static ObjectNode cited(CitationWeights.Weighed weighed) {
    CitationRow row = weighed.citation();
    return json(weighed)
        .put(
            "text",
            "%s  %s cites %s  weight %d%s"
                .formatted(
                    row.id(),
                    row.citing(),
                    row.cited(),
                    weighed.weight(),
                    weighed.reason().isEmpty() ? "" : "  " + weighed.reason()));
  }

  private static ObjectNode json(CitationWeights.Weighed weighed) {
    CitationRow row = weighed.citation();
    return Json.object()
        .put("id", row.id())
        .put("citing", row.citing())
        .put("cited", row.cited())
        .put("kind", row.kind())
        .put("claim", row.claim())
        .put("quote", row.quote())
        .put("supported", row.supported())
        .put("weight", weighed.weight())
        .put("reason", weighed.reason())
        .put("at", row.at().toString());
  }

  private static ObjectNode json(Article article) {
    ObjectNode out =
        Json.object()
            .put("id", article.id())
            .put("version", article.version().number())
            .put("title", article.version().title())
            .put("author", article.author())
            .put("field", article.field())
            .put("state", article.state().word())
            .put("review", article.review().word())
            .put("score", article.score())
            .put("reason", article.reason())
            .put("eligible", article.eligible())
            .put("stake", article.stake())
            .put("stake_returned", article.stakeReturned())
            .put("boost", article.boost());
    ArrayNode nearest = out.putArray("nearest");
    for (NoveltyScore.Pair pair : article.nearest()) {
      nearest
          .addObject()
          .put("passage", pair.passage())
          .put("article", pair.article())
          .put("theirs", pair.theirs())
          .put("distance", pair.distance());
    }
    return out;
  }

  private static String text(Article article) {
    return String.join(
        "\n",
        article.id()
            + "  "
            + article.version().title()
            + " (version "
            + article.version().number()
            + ")",
        "author     " + article.author() + ", field " + article.field(),
        "state      "
            + article.state().word()
            + (article.stakeReturned() ? ", the stake is given back" : ""),
        "novelty    " + article.score() + "  " + article.reason(),
        "review     " + article.review().word() + (article.eligible() ? "" : "; pays nothing"),
        "stake      " + article.stake() + " CHIP, boost " + article.boost() + " CHIP");
  }
}
