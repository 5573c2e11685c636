package org.choir.knowledge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;

/**
 * Extracted texts by the digest of the file's bytes. One file per document: a line of JSON about
 * the document, a line with its passages, then the text. A file that is damaged or of another
 * version counts as absent, and the next reading writes it again.
 */
final class DocumentStore {
  // Raise it whenever readers, layout or cutting change what they give for the same bytes.
  static final int FORMAT = 1;

  private final Path folder;

  DocumentStore(Path folder) {
    this.folder = folder;
  }

  /** Keeps a document; one that is there already is replaced by the same. */
  void save(StoredDocument document) {
    byte[] text = document.text().getBytes(StandardCharsets.UTF_8);
    byte[] cuts = (Json.write(cuts(document)) + "\n").getBytes(StandardCharsets.UTF_8);
    CRC32 sum = new CRC32();
    sum.update(cuts);
    sum.update(text);
    ObjectNode head = Json.object();
    head.put("format", FORMAT);
    head.put("id", document.id().hex());
    head.put("mediaType", document.mediaType());
    head.put("title", document.title());
    head.put("language", document.language());
    head.put("length", document.length());
    head.put("crc32", sum.getValue());
    ArrayNode sections = head.putArray("sections");
    for (SourceDocument.Section section : document.sections()) {
      sections
          .addArray()
          .add(section.title())
          .add(section.locator())
          .add(section.start())
          .add(section.end());
    }
    byte[] first = (Json.write(head) + "\n").getBytes(StandardCharsets.UTF_8);
    byte[] all = new byte[first.length + cuts.length + text.length];
    System.arraycopy(first, 0, all, 0, first.length);
    System.arraycopy(cuts, 0, all, first.length, cuts.length);
    System.arraycopy(text, 0, all, first.length + cuts.length, text.length);
    try {
      Disk.write(file(document.id()), all, Disk.Care.REPLACEABLE);
    } catch (IOException e) {
      throw Disk.failure("store the source " + document.id().prefix(12), e);
    }
  }

  /** The document with its text and passages. */
  Optional<StoredDocument> load(Digest id) {
    return load(id, true);
  }

  /** The document without its text and passages, but checked as a whole. */
  Optional<StoredDocument> head(Digest id) {
    return load(id, false);
  }

  private Optional<StoredDocument> load(Digest id, boolean whole) {
    byte[] all;
    try {
      all = Files.readAllBytes(file(id));
    } catch (NoSuchFileException absent) {
      return Optional.empty();
    } catch (IOException e) {
      throw Disk.failure("read the stored source " + id.prefix(12), e);
    }
    int first = lineEnd(all, 0);
    int second = lineEnd(all, first + 1);
    if (second < 0) {
      return Optional.empty();
    }
    CRC32 sum = new CRC32();
    sum.update(all, first + 1, all.length - first - 1);
    try {
      ObjectNode head = Json.parseObject(utf8(all, 0, first));
      if (!valid(head, id) || head.path("crc32").asLong() != sum.getValue()) {
        return Optional.empty();
      }
      if (!whole) {
        return Optional.of(document(id, head, List.of(), ""));
      }
      List<Cut> cuts = new ArrayList<>();
      for (JsonNode cut : Json.parse(utf8(all, first + 1, second))) {
        cuts.add(
            new Cut(
                cut.path(0).asInt(),
                cut.path(1).asInt(),
                cut.path(2).asInt(),
                cut.path(3).asText(),
                cut.path(4).asInt()));
      }
      return Optional.of(document(id, head, cuts, utf8(all, second + 1, all.length)));
    } catch (ChoirException damaged) {
      return Optional.empty();
    }
  }

  private static ArrayNode cuts(StoredDocument document) {
    ArrayNode cuts = Json.array();
    for (Cut cut : document.cuts()) {
      cuts.addArray()
          .add(cut.section())
          .add(cut.start())
          .add(cut.end())
          .add(cut.locator())
          .add(cut.prose());
    }
    return cuts;
  }

  private static boolean valid(ObjectNode head, Digest id) {
    return head.path("format").asInt() == FORMAT && head.path("id").asText().equals(id.hex());
  }

  private static StoredDocument document(Digest id, ObjectNode head, List<Cut> cuts, String text) {
    List<SourceDocument.Section> sections = new ArrayList<>();
    for (JsonNode section : head.path("sections")) {
      sections.add(
          new SourceDocument.Section(
              section.path(0).asText(),
              section.path(1).asText(),
              section.path(2).asInt(),
              section.path(3).asInt()));
    }
    return new StoredDocument(
        id,
        head.path("mediaType").asText(),
        head.path("title").asText(),
        head.path("language").asText(),
        head.path("length").asInt(),
        sections,
        cuts,
        text);
  }

  private static int lineEnd(byte[] bytes, int from) {
    if (from <= 0 && bytes.length == 0) {
      return -1;
    }
    for (int i = Math.max(0, from); i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  private static String utf8(byte[] bytes, int start, int end) {
    return new String(bytes, start, end - start, StandardCharsets.UTF_8);
  }

  private Path file(Digest id) {
    return folder.resolve(id.prefix(2)).resolve(id.hex());
  }
}
