package org.choir.knowledge.formats;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import org.choir.knowledge.Extraction;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.UnusableSource;

/**
 * Finds out what a file is, by its name and its first bytes, and has it read. The bytes win where
 * both speak: a PDF named {@code .txt} is a PDF.
 */
public final class Formats {
  private static final Set<String> PROSE =
      Set.of("txt", "text", "log", "rst", "adoc", "asciidoc", "org", "tex", "me", "1st");
  private static final Set<String> MARKDOWN = Set.of("md", "markdown", "mdown", "mkd", "mdx");
  private static final Set<String> HTML = Set.of("html", "htm", "shtml");
  // Text, but nothing that a report would quote; or containers of formats not read here.
  private static final Set<String> OTHER =
      Set.of(
          ("css js mjs cjs ts tsx jsx map json jsonl ndjson xml xsl xsd svg yaml yml toml ini cfg"
                  + " conf properties java class c h cc cpp hpp cs py pyc rb go rs kt swift php pl"
                  + " pm lua r sh bash zsh ps1 bat sql proto lock png jpg jpeg gif bmp ico webp"
                  + " tif tiff avif mp3 mp4 mov avi mkv ogg wav flac woff woff2 ttf otf eot zip gz"
                  + " tgz bz2 xz zst 7z rar tar jar war iso bin exe dll so o a deb rpm doc dot xls"
                  + " xlsx ppt pptx odt ods odp rtf ps eps djvu mobi azw azw3 sqlite db parquet"
                  + " bak swp tmp")
              .split(" "));
  private static final int SNIFF_BYTES = 4096;
  private static final int PDF_HEADER_WITHIN_BYTES = 1024;

  private Formats() {}

  /** Whether the name alone says that the file is of no use, so that it need not be opened. */
  public static boolean unsupported(String fileName) {
    return OTHER.contains(extension(fileName));
  }

  /**
   * The blocks of a file.
   *
   * @param fileName its last path element
   * @throws UnusableSource with the codes of {@link org.choir.knowledge.SourceSet.Skipped}
   */
  public static Extraction read(String fileName, byte[] file, ReadLimits limits) {
    if (file.length == 0) {
      throw new UnusableSource("empty", "the file is empty");
    }
    try {
      return readerFor(fileName, file).read(file, limits);
    } catch (StackOverflowError tooDeep) {
      throw new UnusableSource("broken", "its parts are nested too deeply", tooDeep);
    }
  }

  private static FormatReader readerFor(String fileName, byte[] file) {
    String extension = extension(fileName);
    if (isPdf(file)) {
      return new PdfReader();
    }
    if (isZip(file)) {
      return switch (extension) {
        case "docx", "docm", "dotx" -> new DocxReader();
        case "epub" -> new EpubReader();
        default ->
            throw new UnusableSource("unsupported", "it is a zip archive of a kind not read here");
      };
    }
    switch (extension) {
      case "pdf" -> throw new UnusableSource("broken", "it does not begin like a PDF file");
      case "docx", "docm", "dotx", "epub" ->
          throw new UnusableSource("broken", "it does not begin like a zip container");
      default -> {}
    }
    if (looksBinary(file)) {
      throw new UnusableSource("binary", "it holds binary data, not text");
    }
    if (HTML.contains(extension)) {
      return HtmlReader.html();
    }
    if (extension.equals("xhtml") || extension.equals("xht")) {
      return HtmlReader.xhtml();
    }
    if (MARKDOWN.contains(extension)) {
      return new MarkdownReader();
    }
    return switch (extension) {
      case "csv" -> new CsvReader();
      case "tsv" -> new CsvReader();
      default -> {
        if (OTHER.contains(extension)) {
          throw new UnusableSource(
              "unsupported", "files of type ." + extension + " are not read as sources");
        }
        yield !PROSE.contains(extension) && looksHtml(file) ? HtmlReader.html() : new TextReader();
      }
    };
  }

  private static String extension(String fileName) {
    int dot = fileName.lastIndexOf('.');
    return dot < 0 ? "" : fileName.substring(dot + 1).toLowerCase(Locale.ROOT);
  }

  private static boolean isPdf(byte[] file) {
    return head(file, PDF_HEADER_WITHIN_BYTES).contains("%PDF-") && !looksTextual(file);
  }

  /** A text that merely speaks of the PDF header within its first lines is not a PDF. */
  private static boolean looksTextual(byte[] file) {
    return !head(file, 5).equals("%PDF-") && !looksBinary(file);
  }

  private static boolean isZip(byte[] file) {
    return head(file, 4).equals("PK\u0003\u0004");
  }

  private static boolean looksHtml(byte[] file) {
    String head = head(file, PDF_HEADER_WITHIN_BYTES).toLowerCase(Locale.ROOT).stripLeading();
    return head.startsWith("<!doctype html") || head.startsWith("<html");
  }

  /** Control characters that no text has, unless the file is UTF-16 with its mark. */
  private static boolean looksBinary(byte[] file) {
    String head = head(file, SNIFF_BYTES);
    if (head.startsWith("\u00FE\u00FF") || head.startsWith("\u00FF\u00FE")) {
      return false;
    }
    int controls = 0;
    for (int i = 0; i < head.length(); i++) {
      char c = head.charAt(i);
      if (c == 0) {
        return true;
      }
      if (c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1B && c != '\b') {
        controls++;
      }
    }
    return controls * 50 > head.length();
  }

  private static String head(byte[] file, int bytes) {
    return new String(file, 0, Math.min(bytes, file.length), StandardCharsets.ISO_8859_1);
  }
}
