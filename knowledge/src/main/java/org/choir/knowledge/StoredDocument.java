package org.choir.knowledge;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.choir.core.Digest;

/**
 * A document as it is kept: what its bytes say, independent of where the file lies and what it is
 * called.
 *
 * @param title from the document itself; empty if it has none
 * @param length of the text in code points
 */
record StoredDocument(
    Digest id,
    String mediaType,
    String title,
    String language,
    int length,
    List<SourceDocument.Section> sections,
    List<Cut> cuts,
    String text) {
  StoredDocument {
    sections = List.copyOf(sections);
    cuts = List.copyOf(cuts);
  }

  private static final int KEY_DIGITS = 10;
  private static final int TITLE_CHARS_MAX = 300;

  /**
   * Lays an extraction out and cuts it.
   *
   * @throws UnusableSource {@code empty} if there is no word in it
   */
  static StoredDocument of(Digest id, Extraction extraction) {
    String title = org.choir.core.Text.visible(extraction.title(), TITLE_CHARS_MAX);
    Composition composition = Composition.of(title, extraction.blocks());
    if (composition.placed().isEmpty()) {
      // Nothing but headings: then they are what the document says.
      composition = Composition.of(title, asText(extraction.blocks()));
    }
    List<Cut> cuts = Cutter.cut(composition);
    if (composition.text().codePoints().noneMatch(Character::isLetterOrDigit)) {
      throw new UnusableSource("empty", "there is no word in it");
    }
    return new StoredDocument(
        id,
        extraction.mediaType(),
        title,
        Languages.guess(composition.text()),
        composition.length(),
        composition.sections(),
        cuts,
        composition.text());
  }

  private static List<TextBlock> asText(List<TextBlock> blocks) {
    return blocks.stream()
        .filter(block -> block.kind() == TextBlock.Kind.HEADING)
        .map(block -> TextBlock.of(TextBlock.Kind.TEXT, block.text(), block.locator()))
        .toList();
  }

  /** The evidence key of a passage: made of what it says and where, so the same in every run. */
  static String key(Digest source, int start, int end) {
    String place = source.hex() + ":" + start + ":" + end;
    return "s" + Digest.of(place.getBytes(StandardCharsets.UTF_8)).prefix(KEY_DIGITS);
  }

  /** The key of the passage with this number. */
  String key(int ordinal) {
    Cut cut = cuts.get(ordinal);
    return key(id, cut.start(), cut.end());
  }

  private String passageText(int ordinal) {
    Cut cut = cuts.get(ordinal);
    return text.length() == length
        ? text.substring(cut.start(), cut.end())
        : CodePointRange.substring(text, cut.start(), cut.end());
  }

  /** The passage with this number, of the file at a location. */
  Passage passage(int ordinal, String location, double score) {
    return passage(ordinal, location, passageText(ordinal), score);
  }

  private Passage passage(int ordinal, String location, String words, double score) {
    Cut cut = cuts.get(ordinal);
    return new Passage(
        key(ordinal),
        id,
        titleAt(location),
        sections.get(cut.section()).title(),
        location,
        cut.locator(),
        cut.start(),
        cut.end(),
        words,
        score);
  }

  /** What a reader is told about the file at a location. */
  SourceDocument at(String location) {
    return new SourceDocument(
        id, titleAt(location), location, mediaType, language, length, sections);
  }

  /** All passages in their order, of the file at a location. */
  List<Passage> passages(String location) {
    List<Passage> passages = new ArrayList<>(cuts.size());
    int point = 0;
    int unit = 0;
    for (int i = 0; i < cuts.size(); i++) {
      Cut cut = cuts.get(i);
      int from = text.offsetByCodePoints(unit, cut.start() - point);
      unit = text.offsetByCodePoints(from, cut.end() - cut.start());
      point = cut.end();
      passages.add(passage(i, location, text.substring(from, unit), 0));
    }
    return passages;
  }

  private String titleAt(String location) {
    return title.isEmpty() ? location.substring(location.lastIndexOf('/') + 1) : title;
  }

  /** The same without what takes room, for lists of documents. */
  StoredDocument head() {
    return new StoredDocument(id, mediaType, title, language, length, sections, List.of(), "");
  }
}
