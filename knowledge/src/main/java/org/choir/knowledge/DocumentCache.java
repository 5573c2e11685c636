package org.choir.knowledge;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.choir.core.Digest;

/** The store with what was used last kept in memory, under a limit of characters. Thread-safe. */
final class DocumentCache {
  private static final long TEXT_CHARS_MAX = 16_000_000;
  private static final int HEADS_MAX = 20_000;

  private final DocumentStore store;
  private final Map<Digest, StoredDocument> texts = new LinkedHashMap<>(64, 0.75f, true);
  private final Map<Digest, StoredDocument> heads = new LinkedHashMap<>(64, 0.75f, true);
  private long chars;

  DocumentCache(DocumentStore store) {
    this.store = store;
  }

  void save(StoredDocument document) {
    store.save(document);
    keepHead(document);
  }

  Optional<StoredDocument> load(Digest id) {
    synchronized (this) {
      StoredDocument kept = texts.get(id);
      if (kept != null) {
        return Optional.of(kept);
      }
    }
    Optional<StoredDocument> loaded = store.load(id);
    loaded.ifPresent(this::keepText);
    return loaded;
  }

  /** As {@link #load}, without text and passages. */
  Optional<StoredDocument> head(Digest id) {
    synchronized (this) {
      StoredDocument kept = heads.get(id);
      if (kept != null) {
        return Optional.of(kept);
      }
    }
    Optional<StoredDocument> loaded = store.head(id);
    loaded.ifPresent(this::keepHead);
    return loaded;
  }

  private synchronized void keepHead(StoredDocument document) {
    heads.put(document.id(), document.head());
    if (heads.size() > HEADS_MAX) {
      heads.remove(heads.keySet().iterator().next());
    }
  }

  private synchronized void keepText(StoredDocument document) {
    if (texts.putIfAbsent(document.id(), document) != null) {
      return;
    }
    chars += document.text().length();
    var oldest = texts.entrySet().iterator();
    while (chars > TEXT_CHARS_MAX && texts.size() > 1) {
      chars -= oldest.next().getValue().text().length();
      oldest.remove();
    }
  }
}
