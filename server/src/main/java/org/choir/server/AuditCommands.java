package org.choir.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.audit.AnchorStore;
import org.choir.audit.AuditChain;
import org.choir.audit.AuditCheck;
import org.choir.audit.AuditExport;
import org.choir.audit.Leaf;
import org.choir.audit.LogException;
import org.choir.audit.LogVerifier;
import org.choir.audit.PersonalFields;
import org.choir.audit.ProofText;
import org.choir.audit.Prose;
import org.choir.audit.Replay;
import org.choir.audit.Story;
import org.choir.audit.StoryTeller;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Text;

/** What a user asks of the audit chain. */
final class AuditCommands {
  private static final Pattern AGO = Pattern.compile("([0-9]{1,9})(s|m|h|d)");

  private final Audits audits;
  private final InstantSource clock;

  AuditCommands(Audits audits, InstantSource clock) {
    this.audits = audits;
    this.clock = clock;
  }

  ObjectNode handle(Request request, Request.Events events) {
    return switch (request.command()) {
      case "audit.log" -> log(request, events);
      case "audit.show" -> request.number("index").isPresent() ? one(request) : story(request);
      case "audit.prove" -> prove(request);
      case "audit.verify" -> verify(request);
      case "audit.replay" -> replay(request);
      case "audit.export" -> export(request);
      case "audit.erase" -> erase(request);
      case "audit.restart" -> restart(request);
      default -> throw new IllegalArgumentException(request.command());
    };
  }

  private AuditChain chain(Request request) {
    return audits.chain(request.user());
  }

  private static Prose.Reader reader(Request request) {
    String zone = request.optional("zone").orElse("UTC");
    try {
      return new Prose.Reader(request.optional("locale").orElse("en"), ZoneId.of(zone));
    } catch (DateTimeException e) {
      throw ChoirException.usage(
          "unknown_zone",
          "there is no time zone '" + Text.visible(zone, 40) + "'",
          "write it like Europe/Berlin or UTC");
    }
  }

  /** From when a command looks: an instant, a day, or so long ago. */
  private Optional<Instant> since(Request request, ZoneId zone) {
    return request.optional("since").map(text -> since(text, zone));
  }

  private Instant since(String text, ZoneId zone) {
    Matcher ago = AGO.matcher(text);
    if (ago.matches()) {
      long amount = Long.parseLong(ago.group(1));
      Duration back =
          switch (ago.group(2)) {
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            default -> Duration.ofDays(amount);
          };
      return clock.instant().minus(back);
    }
    try {
      return text.contains("T")
          ? Instant.parse(text)
          : LocalDate.parse(text).atStartOfDay(zone).toInstant();
    } catch (DateTimeException e) {
      throw ChoirException.usage(
          "bad_time",
          "'" + Text.visible(text, 40) + "' is no time",
          "write 2h, 3d, 2026-11-21 or 2026-11-21T06:40:00Z");
    }
  }

  /** Gives every event that the request asks for, in the order of the log; tells how many. */
  private static long each(
      AuditChain chain, Request request, Optional<Instant> since, Consumer<Story.Told> to) {
    Optional<String> run = request.optional("run");
    PersonalFields personal = new PersonalFields(chain);
    long count = 0;
    for (long i = 0, size = chain.size(); i < size; i++) {
      Leaf leaf = chain.leaf(i);
      if (run.filter(r -> !leaf.intent().equals(r)).isEmpty()
          && since.filter(s -> leaf.time().isBefore(s)).isEmpty()) {
        to.accept(new Story.Told(leaf, personal.of(leaf)));
        count++;
      }
    }
    if (run.isPresent() && count == 0 && since.isEmpty()) {
      throw ChoirException.usage(
          "no_such_run",
          "the audit chain has no event of a run " + Text.visible(run.get(), 40),
          "list what exists with: choir audit log");
    }
    return count;
  }

  private ObjectNode log(Request request, Request.Events events) {
    AuditChain chain = chain(request);
    Prose.Reader reader = reader(request);
    long shown =
        each(
            chain,
            request,
            since(request, reader.zone()),
            told -> {
              ObjectNode line = Prose.json(told.leaf(), told.personal(), reader);
              events.send(line.put("line", Prose.line(told.leaf(), told.personal(), reader)));
            });
    return Json.object().put("size", chain.size()).put("shown", shown);
  }

  private ObjectNode one(Request request) {
    AuditChain chain = chain(request);
    long index = request.number("index").orElse(-1);
    Leaf leaf = chain.leaf(index);
    Prose.Personal personal = chain.personal(leaf);
    ObjectNode out = Prose.json(leaf, personal, reader(request));
    return out.put("hash", Leaf.hash(chain.entry(index)).hex())
        .put("log", chain.shown().name())
        .put("line", Prose.line(leaf, personal, reader(request)));
  }

  private ObjectNode story(Request request) {
    AuditChain chain = chain(request);
    Prose.Reader reader = reader(request);
    LocalDate today = LocalDate.ofInstant(clock.instant(), reader.zone());
    boolean all = request.optional("run").isPresent();
    Optional<Instant> since =
        since(request, reader.zone())
            .or(
                () ->
                    all
                        ? Optional.empty()
                        : Optional.of(today.atStartOfDay(reader.zone()).toInstant()));
    List<Story.Told> told = new ArrayList<>();
    each(chain, request, since, told::add);
    LocalDate first =
        told.stream()
            .map(t -> LocalDate.ofInstant(t.leaf().time(), reader.zone()))
            .min(LocalDate::compareTo)
            .orElse(today);
    LocalDate last = all ? first : today;
    for (Story.Told each : told) {
      LocalDate day = LocalDate.ofInstant(each.leaf().time(), reader.zone());
      last = day.isAfter(last) ? day : last;
    }
    if (since.isPresent() && request.optional("since").isPresent()) {
      first = LocalDate.ofInstant(since.get(), reader.zone());
    }
    Story story = StoryTeller.tell(chain.tenant().value(), first, last, told, reader);
    return story.json().put("text", story.text());
  }

  private ObjectNode prove(Request request) {
    AuditChain chain = chain(request);
    long index = request.number("index").orElse(-1);
    Leaf leaf = chain.leaf(index);
    ProofText proof = chain.prove(index);
    ObjectNode out =
        Json.object()
            .put("index", index)
            .put("sentence", Prose.sentence(leaf, chain.personal(leaf), reader(request)))
            .put("proof", proof.format())
            .put("vkey", chain.shown().vkey());
    return out.put("entry", new String(chain.entry(index), StandardCharsets.UTF_8));
  }

  private ObjectNode verify(Request request) {
    Path folder = audits.folder(request.user());
    List<AnchorStore> anchors = audits.anchors(request.user());
    AuditCheck.Found found;
    String log = "";
    try {
      AuditChain chain = chain(request);
      log = chain.shown().name();
      found = AuditCheck.check(chain, folder, anchors);
    } catch (LogException e) {
      throw e; // the disk fails
    } catch (ChoirException e) {
      found = AuditCheck.checkClosed(folder, anchors, e);
    }
    ObjectNode out =
        Json.object()
            .put("log", log)
            .put("ok", found.problems().isEmpty())
            .put("size", found.size())
            .put("root", found.root())
            .put("first_bad_index", found.firstBadIndex());
    ArrayNode said = out.putArray("said");
    found.said().forEach(said::add);
    problems(out, found.problems());
    return out;
  }

  /** Problems as commands print them. */
  static void problems(ObjectNode out, List<LogVerifier.Problem> problems) {
    ArrayNode list = out.putArray("problems");
    problems.forEach(
        p ->
            list.addObject()
                .put("kind", p.kind())
                .put("file", p.file())
                .put("index", p.index())
                .put("message", p.message()));
  }

  private ObjectNode replay(Request request) {
    AuditChain chain = chain(request);
    Optional<String> run = request.optional("run");
    Replay replay = new Replay(AllowanceGate::of);
    PersonalFields personal = new PersonalFields(chain);
    for (long i = 0, size = chain.size(); i < size; i++) {
      Leaf leaf = chain.leaf(i);
      replay.learn(leaf);
      if (leaf.kind().equals("action.decided")
          && run.filter(r -> !leaf.intent().equals(r)).isEmpty()) {
        replay.decide(leaf, personal.of(leaf));
      }
    }
    return replay.outcome().json();
  }

  private ObjectNode export(Request request) {
    AuditChain chain = chain(request);
    AuditExport export =
        new AuditExport(
            chain,
            audits.folder(request.user()),
            Path.of(request.text("folder")),
            request.optional("run"),
            reader(request));
    AuditExport.Written written = export.write(audits.anchors(request.user()));
    return Json.object()
        .put("folder", written.folder().toString())
        .put("size", written.size())
        .put("events", written.events())
        .put("disclosed", written.disclosed())
        .put("vkey", chain.shown().vkey());
  }

  private ObjectNode erase(Request request) {
    AuditChain chain = chain(request);
    String by = "user:" + request.user();
    Optional<String> run = request.optional("run");
    if (run.isPresent()) {
      return Json.object().put("run", run.get()).put("erased", chain.eraseRun(run.get(), by));
    }
    Leaf leaf = chain.erase(request.number("payload").orElse(-1), by);
    return Json.object().put("index", leaf.seq()).put("erased", 1);
  }

  private ObjectNode restart(Request request) {
    Path aside = audits.restart(request.user(), request.text("reason"), "user:" + request.user());
    return Json.object()
        .put("log", chain(request).shown().name())
        .put("vkey", chain(request).shown().vkey())
        .put("aside", aside.toString());
  }
}
