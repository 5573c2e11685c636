package org.choir.knowledge;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.choir.core.ChoirException;
import org.commonmark.ext.footnotes.FootnoteDefinition;
import org.commonmark.ext.footnotes.FootnotesExtension;
import org.commonmark.ext.gfm.tables.TableBlock;
import org.commonmark.ext.gfm.tables.TableCell;
import org.commonmark.ext.gfm.tables.TableRow;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.node.BlockQuote;
import org.commonmark.node.FencedCodeBlock;
import org.commonmark.node.Heading;
import org.commonmark.node.HtmlBlock;
import org.commonmark.node.IndentedCodeBlock;
import org.commonmark.node.ListBlock;
import org.commonmark.node.ListItem;
import org.commonmark.node.Node;
import org.commonmark.node.OrderedList;
import org.commonmark.node.Paragraph;
import org.commonmark.node.SourceSpan;
import org.commonmark.parser.IncludeSourceSpans;
import org.commonmark.parser.Parser;
import org.jsoup.Jsoup;
import org.jspecify.annotations.Nullable;

/** Turns Markdown into blocks and claims. One instance takes one text. */
final class DraftParser {
  /** Lists and quotes nested deeper than this are flattened, so that recursion is bounded. */
  private static final int MAX_DEPTH = 40;

  private static final Parser PARSER =
      Parser.builder()
          .extensions(List.of(TablesExtension.create(), FootnotesExtension.create()))
          .includeSourceSpans(IncludeSourceSpans.BLOCKS_AND_INLINES)
          .build();

  private final String text;
  private final boolean document;
  private final CodePoints points;
  private final List<Claim> claims = new ArrayList<>();
  private final Map<String, Node> footnotes = new HashMap<>();
  private final InlineReader inlines;

  /** Every key the text cites: the evidence a code block may come from. */
  private final Set<Citation> cited = new LinkedHashSet<>();

  private final List<Integer> codeClaims = new ArrayList<>();

  DraftParser(String text, boolean document) {
    if (text.length() > Draft.MAX_CHARS) {
      throw ChoirException.usage(
          "draft_too_large",
          "the text has "
              + text.length()
              + " characters; at most "
              + Draft.MAX_CHARS
              + " can be"
              + " checked",
          "split it into several files");
    }
    this.text = text;
    this.document = document;
    this.points = new CodePoints(text);
    this.inlines = new InlineReader(text, document, footnotes);
  }

  Draft parse() {
    Node root = PARSER.parse(text);
    for (Node node = root.getFirstChild(); node != null; node = node.getNext()) {
      if (node instanceof FootnoteDefinition definition) {
        footnotes.put(definition.getLabel(), definition);
      }
    }
    List<Block> blocks = blocks(root, 0);
    for (int index : codeClaims) {
      Claim claim = claims.get(index);
      claims.set(
          index,
          new Claim(
              claim.id(),
              claim.kind(),
              claim.text(),
              claim.start(),
              claim.end(),
              List.copyOf(cited),
              List.of()));
    }
    return new Draft(text, claims, blocks);
  }

  private List<Block> blocks(Node parent, int depth) {
    List<Block> blocks = new ArrayList<>();
    Node node = parent.getFirstChild();
    while (node != null) {
      boolean container = node instanceof BlockQuote || node instanceof ListBlock;
      boolean flat = depth >= MAX_DEPTH && (container || node instanceof ListItem);
      if (flat && node.getFirstChild() != null) {
        node = node.getFirstChild();
        continue;
      }
      Block block = block(node, depth);
      if (block != null) {
        blocks.add(block);
      }
      while (!node.equals(parent) && node.getNext() == null) {
        node = node.getParent();
      }
      node = node.equals(parent) ? null : node.getNext();
    }
    return blocks;
  }

  private @Nullable Block block(Node node, int depth) {
    return switch (node) {
      case Heading heading -> heading(heading);
      case Paragraph paragraph -> new Block.Paragraph(sentences(inlines.read(paragraph)));
      case BlockQuote quote -> new Block.Quote(blocks(quote, depth + 1));
      case ListBlock list -> {
        List<List<Block>> items = new ArrayList<>();
        for (Node item = list.getFirstChild(); item != null; item = item.getNext()) {
          items.add(blocks(item, depth + 1));
        }
        yield new Block.Listing(list instanceof OrderedList, items);
      }
      case TableBlock table -> table(table);
      case FencedCodeBlock code -> code(code, code.getInfo(), code.getLiteral());
      case IndentedCodeBlock code -> code(code, "", code.getLiteral());
      case HtmlBlock html -> html(html);
      default -> null;
    };
  }

  private Block heading(Heading heading) {
    Prose prose = inlines.read(heading);
    if (document || !Speech.asserts(prose.plain())) {
      return new Block.Heading(heading.getLevel(), prose.with(whole(prose, Block.NONE)));
    }
    int claim = claim(Claim.Kind.HEADING, prose, 0, prose.plain().length(), prose.marks());
    return new Block.Heading(heading.getLevel(), prose.with(whole(prose, claim)));
  }

  private static List<Prose.Unit> whole(Prose prose, int claim) {
    return prose.plain().isBlank()
        ? List.of()
        : List.of(new Prose.Unit(0, prose.plain().length(), claim));
  }

  /**
   * Visible words of raw HTML are prose like any other; markup, comments and attributes are not.
   */
  private Block html(HtmlBlock html) {
    Prose.Builder builder = new Prose.Builder();
    int[] place = place(html);
    for (char c : Jsoup.parse(html.getLiteral()).text().toCharArray()) {
      builder.add(c, 0, place[0], place[1]);
    }
    return new Block.Paragraph(sentences(builder.build()));
  }

  private @Nullable Block code(Node node, @Nullable String info, String literal) {
    if (document) {
      return null;
    }
    int[] place = place(node);
    int index = claims.size();
    claims.add(
        new Claim(
            "c" + (index + 1),
            Claim.Kind.CODE,
            literal.stripTrailing(),
            points.at(place[0]),
            points.at(place[1]),
            List.of(),
            List.of()));
    codeClaims.add(index);
    String language = info == null ? "" : info.strip().split("\\s", 2)[0];
    return new Block.Code(language, literal.stripTrailing(), index);
  }

  private Block table(TableBlock table) {
    List<Block.Row> rows = new ArrayList<>();
    for (Node part = table.getFirstChild(); part != null; part = part.getNext()) {
      for (Node row = part.getFirstChild(); row != null; row = row.getNext()) {
        if (row instanceof TableRow) {
          rows.add(row(row, rows.isEmpty()));
        }
      }
    }
    return new Block.Table(rows);
  }

  private Block.Row row(Node row, boolean header) {
    List<Prose> cells = new ArrayList<>();
    StringBuilder joined = new StringBuilder();
    List<Prose.Mark> marks = new ArrayList<>();
    List<String> code = new ArrayList<>();
    boolean asserts = false;
    int from = Integer.MAX_VALUE;
    int to = 0;
    for (Node cell = row.getFirstChild(); cell != null; cell = cell.getNext()) {
      if (!(cell instanceof TableCell)) {
        continue;
      }
      Prose prose = inlines.read(cell);
      cells.add(prose.with(whole(prose, Block.NONE)));
      marks.addAll(prose.marks());
      asserts |= Speech.asserts(prose.plain());
      if (!prose.plain().isBlank()) {
        joined.append(joined.isEmpty() ? "" : " | ").append(prose.plain().strip());
        code.addAll(codeIn(prose, 0, prose.plain().length()));
        from = Math.min(from, prose.from()[0]);
        to = Math.max(to, prose.to()[prose.to().length - 1]);
      }
    }
    boolean names = header && (document || !asserts);
    if (names || Speech.isSilent(joined.toString())) {
      return new Block.Row(cells, Block.NONE);
    }
    return new Block.Row(
        cells, add(Claim.Kind.ROW, joined.toString(), from, to, citations(marks), code));
  }

  private Prose sentences(Prose prose) {
    List<Sentences.Sentence> found = Sentences.of(prose.plain());
    List<Prose.Unit> units = new ArrayList<>();
    for (int i = 0; i < found.size(); i++) {
      int start = found.get(i).start();
      int end = found.get(i).end();
      // A mark belongs to the last sentence that begins before it; the first takes those at 0.
      int next = i + 1 < found.size() ? found.get(i + 1).start() : Integer.MAX_VALUE;
      boolean first = i == 0;
      List<Prose.Mark> own =
          prose.marks().stream().filter(m -> (first || m.at() > start) && m.at() <= next).toList();
      boolean claims = !Speech.isQuestion(found.get(i).text());
      claims &= !Speech.isLeadIn(found.get(i).text()) || !own.isEmpty();
      claims &= !document || !isLinkOnly(prose, start, end);
      units.add(
          new Prose.Unit(
              start,
              end,
              claims ? claim(Claim.Kind.SENTENCE, prose, start, end, own) : Block.NONE));
    }
    return prose.with(units);
  }

  private static boolean isLinkOnly(Prose prose, int start, int end) {
    for (int i = start; i < end; i++) {
      boolean linked = (prose.style()[i] & Prose.LINK) != 0;
      if (!linked && Character.isLetterOrDigit(prose.plain().charAt(i))) {
        return false;
      }
    }
    return true;
  }

  private int claim(Claim.Kind kind, Prose prose, int start, int end, List<Prose.Mark> marks) {
    return add(
        kind,
        prose.plain().substring(start, end),
        prose.from()[start],
        prose.to()[end - 1],
        citations(marks),
        codeIn(prose, start, end));
  }

  private int add(
      Claim.Kind kind,
      String words,
      int from,
      int to,
      List<Citation> citations,
      List<String> code) {
    citations.stream().filter(c -> c.kind() == Citation.Kind.KEY).forEach(cited::add);
    claims.add(
        new Claim(
            "c" + (claims.size() + 1),
            kind,
            words,
            points.at(from),
            points.at(to),
            citations,
            code));
    return claims.size() - 1;
  }

  private static List<Citation> citations(List<Prose.Mark> marks) {
    return List.copyOf(new LinkedHashSet<>(marks.stream().map(Prose.Mark::citation).toList()));
  }

  private static List<String> codeIn(Prose prose, int start, int end) {
    List<String> code = new ArrayList<>();
    int from = -1;
    for (int i = start; i <= end; i++) {
      boolean inside = i < end && (prose.style()[i] & Prose.CODE) != 0;
      if (inside && from < 0) {
        from = i;
      } else if (!inside && from >= 0) {
        code.add(prose.plain().substring(from, i));
        from = -1;
      }
    }
    return code;
  }

  private static int[] place(Node node) {
    List<SourceSpan> spans = node.getSourceSpans();
    if (spans.isEmpty()) {
      return new int[] {0, 0};
    }
    SourceSpan last = spans.getLast();
    return new int[] {spans.getFirst().getInputIndex(), last.getInputIndex() + last.getLength()};
  }
}
