package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Json;
import org.choir.knowledge.Citation;
import org.choir.knowledge.ClaimResult;
import org.choir.knowledge.ClaimVerifier;
import org.choir.knowledge.Draft;
import org.choir.knowledge.Quote;
import org.choir.knowledge.RecordCheck;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.WebSource;
import org.choir.knowledge.WebSources;
import org.jspecify.annotations.Nullable;

/**
 * The verification of any Markdown file: each claim against the files that it links to, names in a
 * footnote or cites by key. Of a report of Choir's whose record fits, the sections that the host
 * writes about it hold no claims.
 *
 * @param rows one per claim, in the order of the text
 * @param pages what became of the web pages it cites, by address; none if nothing was fetched
 * @param notes what a reader should know of the check itself, in sentences
 * @param record the verification record beside the file; null if there is none
 */
public record FileVerification(
    Path file,
    List<Row> rows,
    List<WebSource> pages,
    List<String> notes,
    @Nullable RecordBeside record) {
  /** The largest file that is read, in bytes. */
  private static final long MAX_BYTES = 8L << 20;

  /** Claims that show which language a document is in. */
  private static final int SAMPLE = 200;

  /** The verdict word for a claim that names no ground at all. */
  public static final String NO_CITATION = "no_citation";

  public FileVerification {
    rows = List.copyOf(rows);
    pages = List.copyOf(pages);
    notes = List.copyOf(notes);
  }

  /**
   * A claim and what was found about it.
   *
   * @param line where it begins, from 1
   * @param verdict {@code supported partial contradicted unsupported unreachable fabricated} or
   *     {@link #NO_CITATION}
   * @param score the probability that it is supported, 0 to 1
   * @param reason a stable code, a colon and what it means here; empty if fully supported
   * @param citations what it cites, as written
   * @param quotes the words of the sources that carry it, literally
   */
  public record Row(
      int line,
      String claim,
      String verdict,
      double score,
      String reason,
      List<String> citations,
      List<String> quotes) {
    public Row {
      citations = List.copyOf(citations);
      quotes = List.copyOf(quotes);
    }

    /** Whether a reader can rely on it, in part at least. */
    public boolean stands() {
      return verdict.equals("supported") || verdict.equals("partial");
    }
  }

  /**
   * Verifies a file against files alone: web addresses are not fetched.
   *
   * @param sources folders and files against which relative links and keys are resolved; if empty,
   *     the file's own folder
   * @throws ChoirException {@code no_such_file}, {@code not_markdown}, {@code draft_too_large}, or
   *     what reading the sources throws
   */
  public static FileVerification of(
      SourceLibrary library, ClaimVerifier verifier, Path file, List<Path> sources) {
    return of(library, verifier, file, sources, Optional.empty());
  }

  /**
   * As {@link #of(SourceLibrary, ClaimVerifier, Path, List)}.
   *
   * @param web fetches the web pages that it cites; empty if nothing may be fetched
   */
  public static FileVerification of(
      SourceLibrary library,
      ClaimVerifier verifier,
      Path file,
      List<Path> sources,
      Optional<WebSources> web) {
    String text = text(file);
    RecordBeside record = RecordBeside.of(library, file, text, web).orElse(null);
    boolean own = record != null && record.fits();
    int end = own ? RecordCheck.body(text).length() : text.length();
    // The whole text, since the links of its citations stand at its end.
    Draft draft = Draft.ofDocument(text);
    Path folder = file.toAbsolutePath().normalize().getParent();
    FileEvidence book =
        FileEvidence.of(library, draft.claims(), folder == null ? file : folder, sources, web);
    List<Row> rows = new ArrayList<>();
    int line = 1;
    int counted = 0;
    for (ClaimResult result : verifier.verify(draft, book)) {
      int at = text.offsetByCodePoints(0, result.claim().start());
      if (at >= end) {
        continue;
      }
      // Claims come in the order of the text, but for those of a table's cells that span lines.
      for (; counted < at; counted++) {
        line += text.charAt(counted) == '\n' ? 1 : 0;
      }
      rows.add(row(line, result));
    }
    List<WebSource> pages =
        web.map(WebSources::all).stream()
            .flatMap(Collection::stream)
            .sorted(Comparator.comparing(WebSource::url))
            .toList();
    return new FileVerification(file, rows, pages, notes(rows, book), record);
  }

  private static List<String> notes(List<Row> rows, FileEvidence book) {
    List<String> notes = new ArrayList<>();
    String claims = rows.stream().map(Row::claim).limit(SAMPLE).collect(Collectors.joining(" "));
    String language = Languages.ofQuestion(claims);
    if (Languages.isForeign(language)) {
      notes.add(
          "The claims seem to be in "
              + Languages.name(language)
              + ". Denials, sentences and meanings are checked for English and are weaker here:"
              + " check what matters to you.");
    }
    String foreign = Languages.foreign(book.languages());
    if (!foreign.isEmpty()) {
      notes.add(
          "Cited sources that are not in English: "
              + foreign
              + ". The check is weaker there: check what matters to you.");
    }
    return notes;
  }

  /** 0 if every claim stands and a record, if there is one, fits; 1 if not. */
  public ExitStatus exit() {
    boolean fits = record == null || record.fits();
    return fits && rows.stream().allMatch(Row::stands) ? ExitStatus.DONE : ExitStatus.FAILED;
  }

  /** How many claims have this verdict. */
  public long count(String verdict) {
    return rows.stream().filter(r -> r.verdict().equals(verdict)).count();
  }

  /**
   * As one JSON document: {@code {file, verified, counts, claims}}, with {@code sources:
   * [{location, state, title, sha256, reason}]} if pages were fetched, {@code notes} on languages
   * that are checked less well, and {@code record: {fits, problems, changed}} if a record lies
   * beside the file.
   */
  public ObjectNode toJson() {
    ObjectNode json =
        Json.object().put("file", file.toString()).put("verified", exit() == ExitStatus.DONE);
    ObjectNode counts = json.putObject("counts");
    rows.forEach(r -> counts.put(r.verdict(), count(r.verdict())));
    ArrayNode claims = json.putArray("claims");
    for (Row row : rows) {
      ObjectNode claim =
          claims
              .addObject()
              .put("line", row.line())
              .put("text", row.claim())
              .put("verdict", row.verdict())
              .put("score", row.score())
              .put("reason", row.reason());
      ArrayNode citations = claim.putArray("citations");
      row.citations().forEach(citations::add);
      ArrayNode quotes = claim.putArray("quotes");
      row.quotes().forEach(quotes::add);
    }
    if (!pages.isEmpty()) {
      ArrayNode sources = json.putArray("sources");
      pages.forEach(page -> sources.add(toJson(page)));
    }
    if (!notes.isEmpty()) {
      notes.forEach(json.putArray("notes")::add);
    }
    if (record != null) {
      ObjectNode beside = json.putObject("record").put("fits", record.fits());
      ArrayNode problems = beside.putArray("problems");
      record.problems().forEach(problems::add);
      ArrayNode changed = beside.putArray("changed");
      for (RecordBeside.Changed source : record.changed()) {
        changed
            .addObject()
            .put("title", source.title())
            .put("location", source.location())
            .put("state", source.state());
      }
    }
    return json;
  }

  private static ObjectNode toJson(WebSource page) {
    ObjectNode json =
        Json.object()
            .put("location", page.url())
            .put("state", page.state().word())
            .put("title", page.title());
    if (!page.last().equals(page.url())) {
      json.put("moved_to", page.last());
    }
    page.copy().ifPresent(copy -> json.put("sha256", copy.hex()));
    page.before().ifPresent(copy -> json.put("sha256_before", copy.hex()));
    if (!page.author().isEmpty()) {
      json.put("author", page.author());
    }
    if (!page.published().isEmpty()) {
      json.put("published", page.published());
    }
    return json.put("reason", page.reason());
  }

  private static Row row(int line, ClaimResult result) {
    boolean uncited = result.claim().citations().isEmpty();
    return new Row(
        line,
        result.claim().text(),
        uncited ? NO_CITATION : result.verdict().word(),
        result.score(),
        result.reason(),
        result.claim().citations().stream().map(Citation::target).toList(),
        result.quotes().stream().map(Quote::text).toList());
  }

  private static String text(Path file) {
    try {
      if (!Files.isRegularFile(file)) {
        throw ChoirException.usage(
            "no_such_file", "there is no file " + file, "name a Markdown file");
      }
      if (Files.size(file) > MAX_BYTES) {
        throw ChoirException.usage(
            "draft_too_large",
            file + " has more than " + MAX_BYTES + " bytes",
            "split it into several files");
      }
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw ChoirException.fatal(
          "not_markdown",
          file + " cannot be read as text in UTF-8: " + e.getMessage(),
          "check the file and its permissions",
          e);
    }
  }
}
