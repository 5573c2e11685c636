package org.choir.knowledge.formats;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.knowledge.Extraction;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.UnusableSource;
import org.commonmark.ext.footnotes.FootnotesExtension;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.node.Node;
import org.commonmark.parser.IncludeSourceSpans;
import org.commonmark.parser.Parser;

/** Markdown with tables and footnotes; the title may stand in a front matter. */
final class MarkdownReader implements FormatReader {
  private static final Parser PARSER =
      Parser.builder()
          .extensions(List.of(TablesExtension.create(), FootnotesExtension.create()))
          .includeSourceSpans(IncludeSourceSpans.BLOCKS)
          .build();
  private static final Pattern FRONT_MATTER =
      Pattern.compile(
          "\\A---[ \\t]*\\R(.{0,20000}?)^(?:---|\\.\\.\\.)[ \\t]*$",
          Pattern.DOTALL | Pattern.MULTILINE);
  private static final Pattern TITLE =
      Pattern.compile("^title:[ \\t]*[\"']?(.+?)[\"']?[ \\t]*$", Pattern.MULTILINE);

  @Override
  public Extraction read(byte[] file, ReadLimits limits) {
    String text = Decoding.text(file);
    limits.checkText(text.length());
    String title = "";
    Matcher matter = FRONT_MATTER.matcher(text);
    if (matter.find()) {
      Matcher named = TITLE.matcher(matter.group(1));
      title = named.find() ? Clean.line(named.group(1)) : "";
      // Blank lines in its place, so that line numbers stay those of the file.
      text = "\n".repeat((int) matter.group().lines().count() - 1) + text.substring(matter.end());
    }
    Node document = PARSER.parse(text);
    MarkdownWalk walk = new MarkdownWalk(limits);
    document.accept(walk);
    if (walk.blocks().isEmpty()) {
      throw new UnusableSource("empty", "the file holds no text");
    }
    return new Extraction("text/markdown", title.isEmpty() ? walk.title() : title, walk.blocks());
  }
}
