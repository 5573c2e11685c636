package org.choir.knowledge.formats;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.encryption.InvalidPasswordException;
import org.apache.pdfbox.pdmodel.interactive.documentnavigation.outline.PDDocumentOutline;
import org.apache.pdfbox.pdmodel.interactive.documentnavigation.outline.PDOutlineItem;
import org.apache.pdfbox.text.PDFTextStripper;
import org.choir.knowledge.Extraction;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.TextBlock;
import org.choir.knowledge.UnusableSource;

/**
 * PDF files, page by page. Every page is a section of its own, named by the outline where there is
 * one, so that no passage crosses a page and each opens at the right one.
 */
final class PdfReader implements FormatReader {
  // A page of a scan has at most a stamp or a page number as text.
  private static final int LETTERS_PER_PAGE_MIN = 8;
  private static final int PAGES_MAX = 20_000;
  private static final int OUTLINE_ITEMS_MAX = 20_000;

  @Override
  public Extraction read(byte[] file, ReadLimits limits) {
    try (PDDocument document = Loader.loadPDF(file)) {
      if (document.getNumberOfPages() > PAGES_MAX) {
        throw new UnusableSource("too_large", "it has more than " + PAGES_MAX + " pages");
      }
      List<String> pages = pages(document, limits);
      List<List<String>> paragraphs = PdfReflow.paragraphs(pages);
      Map<Integer, String> outline = outline(document);
      List<TextBlock> blocks = new ArrayList<>();
      String heading = "";
      for (int page = 1; page <= pages.size(); page++) {
        String locator = "page=" + page;
        heading = outline.getOrDefault(page, heading);
        blocks.add(TextBlock.section(heading, locator));
        for (String paragraph : paragraphs.get(page - 1)) {
          String clean = Clean.line(paragraph);
          if (!clean.isEmpty()) {
            blocks.add(TextBlock.of(TextBlock.Kind.TEXT, clean, locator));
          }
        }
      }
      return new Extraction("application/pdf", title(document, blocks), blocks);
    } catch (InvalidPasswordException e) {
      throw new UnusableSource("unreadable", "it is protected by a password", e);
    } catch (IOException e) {
      throw new UnusableSource("broken", "it is not a well-formed PDF file", e);
    } catch (UnusableSource e) {
      throw e;
    } catch (RuntimeException e) {
      // PDFBox answers some damaged files with whatever its parser ran into.
      throw new UnusableSource("broken", "it is not a well-formed PDF file", e);
    }
  }

  private static List<String> pages(PDDocument document, ReadLimits limits) throws IOException {
    PDFTextStripper stripper = new PDFTextStripper();
    stripper.setLineSeparator("\n");
    stripper.setParagraphEnd("\n");
    List<String> pages = new ArrayList<>();
    long chars = 0;
    long letters = 0;
    for (int page = 1; page <= document.getNumberOfPages(); page++) {
      stripper.setStartPage(page);
      stripper.setEndPage(page);
      String text = stripper.getText(document);
      limits.checkText(chars += text.length());
      letters += text.codePoints().filter(Character::isLetter).count();
      pages.add(text);
    }
    if (letters < (long) LETTERS_PER_PAGE_MIN * pages.size() || letters == 0) {
      throw new UnusableSource(
          "no_text", "it is a scan: pictures of pages without text, which would need OCR");
    }
    return pages;
  }

  /** The name of the last outline item that begins on each page, with the items above it. */
  private static Map<Integer, String> outline(PDDocument document) throws IOException {
    PDDocumentOutline root = document.getDocumentCatalog().getDocumentOutline();
    Map<Integer, String> names = new TreeMap<>();
    if (root == null) {
      return names;
    }
    Map<PDPage, Integer> numbers = new HashMap<>();
    int number = 0;
    for (PDPage page : document.getPages()) {
      numbers.put(page, ++number);
    }
    record Item(PDOutlineItem item, String above) {}
    List<Item> open = new ArrayList<>();
    int items = 0;
    if (root.getFirstChild() != null) {
      open.add(new Item(root.getFirstChild(), ""));
    }
    while (!open.isEmpty() && items++ < OUTLINE_ITEMS_MAX) {
      Item next = open.removeLast();
      String title = Clean.line(next.item.getTitle() == null ? "" : next.item.getTitle());
      String path = next.above.isEmpty() ? title : next.above + " › " + title;
      PDPage page = next.item.findDestinationPage(document);
      Integer at = page == null ? null : numbers.get(page);
      if (at != null && !title.isEmpty()) {
        names.putIfAbsent(at, path);
      }
      if (next.item.getNextSibling() != null) {
        open.add(new Item(next.item.getNextSibling(), next.above));
      }
      if (next.item.getFirstChild() != null) {
        open.add(new Item(next.item.getFirstChild(), path));
      }
    }
    return names;
  }

  private static String title(PDDocument document, List<TextBlock> blocks) {
    String title = document.getDocumentInformation().getTitle();
    String clean = title == null ? "" : Clean.line(title);
    // Word processors write the name of their own file there.
    boolean useful =
        clean.length() > 3 && !clean.matches("(?i)(untitled|microsoft word.*|.*\\.\\w{2,4})");
    if (useful) {
      return clean;
    }
    return blocks.stream()
        .filter(block -> block.kind() == TextBlock.Kind.TEXT)
        .map(TextBlock::text)
        .findFirst()
        .filter(first -> first.length() <= 120)
        .orElse("");
  }
}
