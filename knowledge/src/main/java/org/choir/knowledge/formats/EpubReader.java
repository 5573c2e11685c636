package org.choir.knowledge.formats;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.xml.stream.XMLStreamReader;
import org.choir.knowledge.Extraction;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.TextBlock;
import org.choir.knowledge.UnusableSource;

/**
 * EPUB books: the chapters in the order of the package's spine, each read as XHTML. Locators name
 * the chapter's file inside the book: {@code chapter.xhtml#anchor}.
 */
final class EpubReader implements FormatReader {
  private static final String CONTAINER = "META-INF/container.xml";

  @Override
  public Extraction read(byte[] file, ReadLimits limits) {
    Map<String, byte[]> parts = Zip.entries(file, limits, EpubReader::wanted);
    if (parts.containsKey("META-INF/rights.xml")) {
      throw new UnusableSource("unreadable", "the book is locked by rights management");
    }
    String opf = rootFile(part(parts, CONTAINER));
    PackageDocument book = new PackageDocument();
    Xml.walk(opf, part(parts, opf), book);
    String folder = opf.substring(0, opf.lastIndexOf('/') + 1);
    List<TextBlock> blocks = new ArrayList<>();
    long chars = 0;
    for (String href : book.chapters()) {
      byte[] chapter = parts.get(folder + href);
      if (chapter == null) {
        throw new UnusableSource("broken", "the book lacks its chapter " + href);
      }
      for (TextBlock block : chapter(href, chapter, limits)) {
        limits.checkText(chars += block.text().length());
        blocks.add(block);
      }
    }
    if (blocks.isEmpty()) {
      throw new UnusableSource("empty", "the book shows no text");
    }
    return new Extraction("application/epub+zip", Clean.line(book.title), blocks);
  }

  private static boolean wanted(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return name.startsWith("META-INF/")
        || lower.endsWith(".opf")
        || lower.endsWith(".xhtml")
        || lower.endsWith(".html")
        || lower.endsWith(".htm")
        || lower.endsWith(".xml");
  }

  /** A cover or title page may show nothing but a picture. */
  private static List<TextBlock> chapter(String href, byte[] xhtml, ReadLimits limits) {
    Extraction page;
    try {
      page = HtmlReader.xhtml().read(xhtml, limits);
    } catch (UnusableSource e) {
      if (e.code().equals("empty")) {
        return List.of();
      }
      throw e;
    }
    List<TextBlock> blocks = new ArrayList<>();
    if (page.blocks().getFirst().kind() != TextBlock.Kind.HEADING) {
      blocks.add(TextBlock.section(page.title(), href));
    }
    for (TextBlock block : page.blocks()) {
      blocks.add(
          new TextBlock(
              block.kind(), block.level(), block.text(), href + block.locator(), block.linked()));
    }
    return blocks;
  }

  private static byte[] part(Map<String, byte[]> parts, String name) {
    byte[] part = parts.get(name);
    if (part == null) {
      throw new UnusableSource("broken", "the book lacks its part " + name);
    }
    return part;
  }

  private static String rootFile(byte[] container) {
    List<String> paths = new ArrayList<>();
    Xml.walk(
        CONTAINER,
        container,
        new Xml.Handler() {
          @Override
          public void open(String name, XMLStreamReader element) {
            if (name.equals("rootfile")) {
              paths.add(Xml.attribute(element, "full-path"));
            }
          }

          @Override
          public void text(String text) {}

          @Override
          public void close(String name) {}
        });
    if (paths.isEmpty()) {
      throw new UnusableSource("broken", "the book names no package file");
    }
    return paths.getFirst();
  }

  /** The package document: what there is, and in which order it is read. */
  private static final class PackageDocument implements Xml.Handler {
    private final StringBuilder title = new StringBuilder();
    private final Map<String, String> items = new HashMap<>();
    private final List<String> spine = new ArrayList<>();
    private boolean titling;

    /**
     * The files of the spine, below the package's folder; those that are not pages are left out.
     */
    List<String> chapters() {
      return spine.stream().filter(items::containsKey).map(items::get).toList();
    }

    @Override
    public void open(String name, XMLStreamReader element) {
      switch (name) {
        case "title" -> titling = title.isEmpty();
        case "item" -> {
          String type = Xml.attribute(element, "media-type");
          boolean navigation = (" " + Xml.attribute(element, "properties") + " ").contains(" nav ");
          if (type.contains("html") && !navigation) {
            String href = Xml.attribute(element, "href").replace("+", "%2B");
            items.put(Xml.attribute(element, "id"), decoded(href));
          }
        }
        case "itemref" -> spine.add(Xml.attribute(element, "idref"));
        default -> {}
      }
    }

    private static String decoded(String href) {
      try {
        return URLDecoder.decode(href, StandardCharsets.UTF_8);
      } catch (IllegalArgumentException e) {
        throw new UnusableSource("broken", "the book names a chapter with a malformed link", e);
      }
    }

    @Override
    public void text(String text) {
      if (titling) {
        title.append(text);
      }
    }

    @Override
    public void close(String name) {
      titling = false;
    }
  }
}
