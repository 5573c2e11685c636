package org.choir.knowledge;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.knowledge.SetStore.Manifest;
import org.choir.knowledge.lucene.IndexView;

/**
 * The sets in use with their views of the index, the last few kept open. A view that lacks
 * something is completed from the stored documents before anybody sees it. Thread-safe.
 */
final class OpenSets implements AutoCloseable {
  private static final int OPEN_MAX = 8;

  /** More than the runs of a server and their agents can use at once. */
  private static final int GATHERED_MAX = 1_000;

  private static final Duration PATIENCE = Duration.ofMinutes(15);

  private final Path library;
  private final SetStore sets;
  private final DocumentCache documents;
  private final Map<String, OpenSet> open = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<String, Manifest> gathered = new LinkedHashMap<>(16, 0.75f, true);

  OpenSets(Path library, SetStore sets, DocumentCache documents) {
    this.library = library;
    this.sets = sets;
    this.documents = documents;
  }

  /** A set in use; closing it gives it back. */
  final class OpenSet implements AutoCloseable {
    private final IndexView view;
    private final Map<Digest, String> locations = new LinkedHashMap<>();
    private int users;
    private boolean retired;

    private OpenSet(Manifest manifest, IndexView view) {
      this.view = view;
      manifest.members().forEach(member -> locations.put(member.source(), member.location()));
    }

    IndexView view() {
      return view;
    }

    /** The file of a source; empty if the source is not of the set. */
    Optional<String> location(Digest source) {
      return Optional.ofNullable(locations.get(source));
    }

    @Override
    public void close() {
      release(this);
    }
  }

  /**
   * Opens a set.
   *
   * @throws ChoirException {@code unknown_sources}
   */
  synchronized OpenSet take(String id) {
    OpenSet found = open.get(id);
    if (found == null) {
      Manifest manifest =
          Optional.ofNullable(gathered.get(id))
              .or(() -> sets.load(id))
              .orElseThrow(
                  () ->
                      ChoirException.fatal(
                          "unknown_sources",
                          "there is no set of sources " + id,
                          "read the folder again by starting a new run on it"));
      found = new OpenSet(manifest, view(manifest));
      open.put(id, found);
      retireOldest();
    }
    found.users++;
    return found;
  }

  /** Lets a set be taken that is written down nowhere; the caller can always gather it again. */
  synchronized void gather(Manifest manifest) {
    gathered.put(manifest.id(), manifest);
    if (gathered.size() > GATHERED_MAX) {
      gathered.remove(gathered.keySet().iterator().next());
    }
  }

  /** Where a source of one of the open sets lies. */
  synchronized Optional<String> location(Digest source) {
    return open.values().stream().flatMap(set -> set.location(source).stream()).findFirst();
  }

  private IndexView view(Manifest manifest) {
    RootsFolder roots = RootsFolder.named(library, manifest.roots());
    Set<Digest> sources = manifest.sources();
    try {
      boolean loose = gathered.containsKey(manifest.id());
      if (!loose) {
        sets.touch(manifest.id());
      }
      Optional<IndexView> view = IndexView.open(roots.index(), sources);
      if (view.isEmpty()) {
        repair(roots, sources, loose);
        view = IndexView.open(roots.index(), sources);
      }
      return view.orElseThrow(
          () ->
              ChoirException.fatal(
                  "index_unusable",
                  "the index " + roots.index() + " cannot be brought in order",
                  "remove that folder; it is made again from the stored texts"));
    } catch (IOException e) {
      throw Disk.failure("open the index " + roots.index(), e);
    }
  }

  private void repair(RootsFolder roots, Set<Digest> sources, boolean loose) {
    try (FolderLock _ = FolderLock.take(roots.folder(), PATIENCE);
        IndexKeeper index = new IndexKeeper(roots.index(), documents)) {
      index.complete(sources);
      if (loose) {
        index.commit();
        return;
      }
      Set<Digest> used = new HashSet<>(sources);
      sets.keepUsed(roots.key()).forEach(other -> used.addAll(other.sources()));
      index.commit(used);
    }
  }

  private void retireOldest() {
    var oldest = open.values().iterator();
    while (open.size() > OPEN_MAX) {
      OpenSet set = oldest.next();
      oldest.remove();
      retire(set);
    }
  }

  private synchronized void release(OpenSet set) {
    set.users--;
    if (set.retired && set.users == 0) {
      shut(set);
    }
  }

  private static void retire(OpenSet set) {
    set.retired = true;
    if (set.users == 0) {
      shut(set);
    }
  }

  private static void shut(OpenSet set) {
    try {
      set.view.close();
    } catch (IOException e) {
      throw Disk.failure("close an index", e);
    }
  }

  @Override
  public synchronized void close() {
    open.values().forEach(OpenSets::retire);
    open.clear();
  }
}
