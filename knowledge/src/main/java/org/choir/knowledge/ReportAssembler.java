package org.choir.knowledge;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Turns a draft and what was found about its claims into the report. The report is written anew
 * from the draft's words: nothing of its Markdown passes but structure and emphasis, no sentence
 * passes without a verdict, and the sections around the claims are the host's alone. A pure
 * function: the same input gives the same bytes.
 */
public final class ReportAssembler {
  static final String SOURCES = "Sources";
  static final String UNANSWERED = "Not answered";
  static final String ABOUT = "About this report";

  /** What stands behind a claim that its sources carry in part. */
  public static final String PARTLY = "*(partly supported)*";

  /** What stands in place of the claims if none holds. */
  static final String NOTHING = "*No statement of the draft is supported by the sources.*";

  private static final Set<String> OWN =
      Set.of(
          SOURCES.toLowerCase(Locale.ROOT),
          UNANSWERED.toLowerCase(Locale.ROOT),
          ABOUT.toLowerCase(Locale.ROOT));

  /** A citation's number, as {@link #marks} writes it. */
  private static final Pattern MARK = Pattern.compile(" \\[[0-9]{1,4}]");

  private final Draft draft;
  private final List<ClaimResult> results;
  private final ReportFrame frame;
  private final StringBuilder out = new StringBuilder();
  private final RecordBuilder record = new RecordBuilder();
  private final Map<String, Integer> numbers = new LinkedHashMap<>();
  private final List<Quote> cited = new ArrayList<>();
  private final List<Placed> placed = new ArrayList<>();

  /** A claim and where its words stand in the report, in chars. */
  private record Placed(int claim, int start, int end) {}

  private ReportAssembler(Draft draft, List<ClaimResult> results, ReportFrame frame) {
    this.draft = draft;
    this.results = results;
    this.frame = frame;
  }

  /**
   * Writes the report.
   *
   * @param results one for each claim of the draft, in order, as {@link ClaimVerifier#verify(Draft,
   *     EvidenceBook)} gives them
   */
  public static Report assemble(Draft draft, List<ClaimResult> results, ReportFrame frame) {
    if (results.size() != draft.claims().size()) {
      throw new IllegalArgumentException(
          results.size() + " results for " + draft.claims().size() + " claims");
    }
    return new ReportAssembler(draft, results, frame).assemble();
  }

  private Report assemble() {
    out.append("# ").append(MarkdownText.plain(frame.title())).append("\n\n");
    List<Block> blocks = draft.blocks();
    boolean titled =
        !blocks.isEmpty() && blocks.getFirst() instanceof Block.Heading h && h.level() == 1;
    boolean bare = titled && claimOf(blocks.getFirst()) == Block.NONE;
    Pruning pruning = new Pruning(claim -> results.get(claim).verdict().stands(), OWN);
    List<Block> kept = pruning.kept(bare ? blocks.subList(1, blocks.size()) : blocks);
    if (kept.isEmpty()) {
      out.append(NOTHING).append("\n\n");
    }
    write(kept, "", "");
    int bodyWords = words();
    Set<Integer> standing = placed.stream().map(Placed::claim).collect(Collectors.toSet());
    for (int i = 0; i < results.size(); i++) {
      if (!standing.contains(i)) {
        record.dropped(results.get(i));
      }
    }
    unanswered();
    sources();
    about(bodyWords);
    definitions();
    String markdown = out.toString();
    return new Report(markdown, record.build(markdown, frame, bodyWords));
  }

  private static int claimOf(Block block) {
    return block instanceof Block.Heading heading && !heading.prose().units().isEmpty()
        ? heading.prose().units().getFirst().claim()
        : Block.NONE;
  }

  /** Words of the claims that stand, in the report's own text. */
  private int words() {
    CodePoints points = new CodePoints(out.toString());
    int words = 0;
    for (Placed one : placed) {
      String text = out.substring(one.start, one.end);
      record.stands(results.get(one.claim), text, points.at(one.start), points.at(one.end));
      words += (int) text.codePoints().filter(Character::isWhitespace).count() + 1;
    }
    return words;
  }

  /**
   * Writes blocks.
   *
   * @param first what stands before the first line
   * @param rest what stands before every other line
   */
  private void write(List<Block> blocks, String first, String rest) {
    String prefix = first;
    for (Block block : blocks) {
      switch (block) {
        case Block.Heading heading -> {
          Prose prose = heading.prose();
          out.append(prefix).append("#".repeat(Math.min(6, heading.level() + shift()))).append(' ');
          unit(prose, prose.units().getFirst());
          out.append('\n');
        }
        case Block.Paragraph paragraph -> {
          out.append(prefix);
          List<Prose.Unit> units = paragraph.prose().units();
          for (int i = 0; i < units.size(); i++) {
            out.append(i == 0 ? "" : " ");
            unit(paragraph.prose(), units.get(i));
          }
          out.append('\n');
        }
        case Block.Quote quote -> write(quote.blocks(), prefix + "> ", rest + "> ");
        case Block.Listing list -> {
          String lead = prefix;
          for (int i = 0; i < list.items().size(); i++) {
            String marker = list.ordered() ? (i + 1) + ". " : "- ";
            write(list.items().get(i), lead + marker, rest + " ".repeat(marker.length()));
            lead = rest;
          }
        }
        case Block.Table table -> table(table, prefix, rest);
        case Block.Code code -> code(code, prefix, rest);
      }
      // A container has already ended its last block with an empty line.
      if (!(block instanceof Block.Quote || block instanceof Block.Listing)) {
        out.append(rest.stripTrailing()).append('\n');
      }
      prefix = rest;
    }
  }

  /** The draft's headings stand below the report's title. */
  private int shift() {
    return draft.blocks().stream().anyMatch(b -> b instanceof Block.Heading h && h.level() == 1)
            && !(draft.blocks().getFirst() instanceof Block.Heading h && h.level() == 1)
        ? 1
        : 0;
  }

  private void unit(Prose prose, Prose.Unit unit) {
    int start = out.length();
    out.append(MarkdownText.styled(prose, unit.start(), unit.end()));
    if (unit.claim() != Block.NONE) {
      placed.add(new Placed(unit.claim(), start, out.length()));
      marks(unit.claim());
    }
  }

  /** What follows a claim: whether it holds in part only, and the numbers of its sources. */
  private void marks(int claim) {
    ClaimResult result = results.get(claim);
    if (result.verdict() == ClaimVerdict.PARTIAL) {
      out.append(' ').append(PARTLY);
    }
    result.quotes().stream()
        .map(this::number)
        .distinct()
        .forEach(number -> out.append(" [").append(number).append(']'));
  }

  private int number(Quote quote) {
    return numbers.computeIfAbsent(
        quote.source() + " " + quote.key(),
        key -> {
          cited.add(quote);
          return cited.size();
        });
  }

  private void table(Block.Table table, String prefix, String rest) {
    int columns = table.rows().stream().mapToInt(row -> row.cells().size()).max().orElse(1);
    for (int i = 0; i < table.rows().size(); i++) {
      Block.Row row = table.rows().get(i);
      out.append(i == 0 ? prefix : rest).append("| ");
      int start = out.length();
      int end = start;
      for (int column = 0; column < columns; column++) {
        if (column > 0) {
          out.append(" | ");
        }
        if (column < row.cells().size()) {
          Prose cell = row.cells().get(column);
          int before = out.length();
          out.append(MarkdownText.styled(cell, 0, cell.plain().length()));
          end = out.length() > before ? out.length() : end;
        }
      }
      if (row.claim() != Block.NONE && end > start) {
        placed.add(new Placed(row.claim(), start, end));
        marks(row.claim());
      }
      out.append(" |\n");
      if (i == 0) {
        out.append(rest).append("|").append(" --- |".repeat(columns)).append('\n');
      }
    }
  }

  private void code(Block.Code code, String prefix, String rest) {
    String longest = "``";
    while (code.text().contains(longest + "`")) {
      longest += "`";
    }
    String fence = longest + "`";
    String language = code.language().replaceAll("[^A-Za-z0-9+#.-]", "");
    out.append(prefix).append(fence).append(language).append('\n');
    int start = out.length();
    List<String> lines = code.text().lines().toList();
    for (int i = 0; i < lines.size(); i++) {
      out.append(i == 0 ? "" : "\n").append(rest).append(MarkdownText.code(lines.get(i)));
    }
    placed.add(
        new Placed(code.claim(), Math.min(start + rest.length(), out.length()), out.length()));
    out.append('\n').append(rest).append(fence).append('\n');
    out.append(rest.stripTrailing()).append('\n').append(rest).append("From the source:");
    marks(code.claim());
    out.append('\n');
  }

  /**
   * A report's own words: without the sections and marks that every report has, which say nothing
   * about its subject. Lines stay where they are.
   */
  static String body(String report) {
    StringBuilder body = new StringBuilder();
    for (String line : report.split("\n", -1)) {
      if (line.startsWith("## ") && OWN.contains(line.substring(3).toLowerCase(Locale.ROOT))) {
        break;
      }
      body.append(MARK.matcher(line).replaceAll("")).append('\n');
    }
    return body.toString();
  }

  private void unanswered() {
    if (frame.unanswered().isEmpty()) {
      return;
    }
    out.append("## ").append(UNANSWERED).append("\n\n");
    out.append("The sources do not answer:\n\n");
    for (String question : frame.unanswered()) {
      out.append("- ").append(MarkdownText.plain(question)).append('\n');
    }
    out.append('\n');
  }

  private void sources() {
    out.append("## ").append(SOURCES).append("\n\n");
    if (cited.isEmpty()) {
      out.append("None.\n");
    }
    for (int i = 0; i < cited.size(); i++) {
      Quote quote = cited.get(i);
      out.append(i + 1).append(". ").append(MarkdownText.plain(quote.title()));
      for (String part : List.of(quote.section(), SourceLinks.spoken(quote.locator()))) {
        if (!part.isBlank()) {
          out.append(", ").append(MarkdownText.inline(part));
        }
      }
      out.append(" — [open](<").append(SourceLinks.link(quote)).append(">)\n");
    }
    out.append('\n');
  }

  private void about(int words) {
    int supported = record.count(ClaimVerdict.SUPPORTED);
    int partial = record.count(ClaimVerdict.PARTIAL);
    int fell = results.size() - supported - partial;
    ReportFrame.Targets targets = frame.targets();
    boolean reached = record.sources() >= targets.sources() && words >= targets.words();
    out.append("## ").append(ABOUT).append("\n\n");
    out.append("- Written by ").append(MarkdownText.plain(frame.model())).append(". ");
    out.append(
        frame.languageModel()
            ? "A language model wrote the draft.\n"
            : "No language model was used: the sentences are taken from the sources.\n");
    out.append("- Checked: ").append(results.size()).append(" statements; ").append(supported);
    out.append(" supported, ").append(partial).append(" partly supported and marked, ");
    out.append(fell).append(" removed.\n");
    out.append("- Depth ").append(MarkdownText.plain(targets.depth())).append(": ");
    out.append(record.sources()).append(" of ").append(targets.sources()).append(" sources, ");
    out.append(words).append(" of ").append(targets.words()).append(" words; ");
    out.append(reached ? "the targets are reached.\n" : "the targets are not reached.\n");
    conflicts();
    for (String note : frame.notes()) {
      out.append("- ").append(MarkdownText.plain(note)).append('\n');
    }
  }

  /** Where the sources contradict each other both sides stand in the text: said here once more. */
  private void conflicts() {
    List<ClaimResult> standing = placed.stream().map(p -> results.get(p.claim())).toList();
    for (Conflict conflict : Conflict.among(standing)) {
      out.append("- Sources disagree: ");
      side(conflict.one());
      out.append(", but ");
      side(conflict.other());
      out.append(". Which is right was not decided.\n");
    }
  }

  private void side(ClaimResult claim) {
    out.append('“').append(MarkdownText.plain(claim.claim().text())).append('”');
    claim.quotes().stream()
        .map(this::number)
        .distinct()
        .forEach(number -> out.append(" [").append(number).append(']'));
  }

  /** Makes each number in the text open its source. */
  private void definitions() {
    for (int i = 0; i < cited.size(); i++) {
      out.append(i == 0 ? "\n" : "").append('[').append(i + 1).append("]: <");
      out.append(SourceLinks.link(cited.get(i))).append(">\n");
    }
  }
}
