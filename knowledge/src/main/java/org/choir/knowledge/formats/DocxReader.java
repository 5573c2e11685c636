package org.choir.knowledge.formats;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.stream.XMLStreamReader;
import org.choir.knowledge.Extraction;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.UnusableSource;

/**
 * Word documents (ECMA-376): paragraphs, headings by their style's name or outline level, tables
 * row by row. Deleted text and field codes are left out.
 */
final class DocxReader implements FormatReader {
  private static final String BODY = "word/document.xml";
  private static final String STYLES = "word/styles.xml";
  private static final String PROPERTIES = "docProps/core.xml";
  private static final Pattern HEADING = Pattern.compile("heading ([1-9])");

  @Override
  public Extraction read(byte[] file, ReadLimits limits) {
    Map<String, byte[]> parts =
        Zip.entries(
            file,
            limits,
            name -> name.equals(BODY) || name.equals(STYLES) || name.equals(PROPERTIES));
    byte[] body = parts.get(BODY);
    if (body == null) {
      throw new UnusableSource("broken", "the container has no " + BODY);
    }
    byte[] styles = parts.get(STYLES);
    DocxBody walk = new DocxBody(styles == null ? Map.of() : levels(styles), limits);
    Xml.walk(BODY, body, walk);
    if (walk.blocks().isEmpty()) {
      throw new UnusableSource("empty", "the document holds no text");
    }
    byte[] properties = parts.get(PROPERTIES);
    String title = properties == null ? "" : title(properties);
    return new Extraction(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        title.isEmpty() ? walk.title() : title,
        walk.blocks());
  }

  /** Heading levels by style id; 0 is the document's title. */
  private static Map<String, Integer> levels(byte[] styles) {
    Map<String, Integer> levels = new HashMap<>();
    Xml.walk(
        STYLES,
        styles,
        new Xml.Handler() {
          private String style = "";

          @Override
          public void open(String name, XMLStreamReader element) {
            switch (name) {
              case "style" -> style = Xml.attribute(element, "styleId");
              case "name" -> named(Xml.attribute(element, "val").toLowerCase(Locale.ROOT));
              case "outlineLvl" -> {
                String level = Xml.attribute(element, "val");
                if (level.matches("[0-8]")) {
                  levels.putIfAbsent(style, Integer.parseInt(level) + 1);
                }
              }
              default -> {}
            }
          }

          private void named(String name) {
            Matcher heading = HEADING.matcher(name);
            if (heading.matches()) {
              levels.put(style, Integer.parseInt(heading.group(1)));
            } else if (name.equals("title")) {
              levels.put(style, 0);
            }
          }

          @Override
          public void text(String text) {}

          @Override
          public void close(String name) {}
        });
    return levels;
  }

  private static String title(byte[] properties) {
    StringBuilder title = new StringBuilder();
    Xml.walk(
        PROPERTIES,
        properties,
        new Xml.Handler() {
          private boolean inside;

          @Override
          public void open(String name, XMLStreamReader element) {
            inside = name.equals("title");
          }

          @Override
          public void text(String text) {
            if (inside) {
              title.append(text);
            }
          }

          @Override
          public void close(String name) {
            inside = false;
          }
        });
    return Clean.line(title);
  }
}
