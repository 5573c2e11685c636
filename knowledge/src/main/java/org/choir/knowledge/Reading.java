package org.choir.knowledge;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.knowledge.SetStore.Manifest;
import org.choir.knowledge.SetStore.Member;
import org.choir.knowledge.SourceSet.Skipped;
import org.choir.knowledge.formats.Formats;

/**
 * One reading of some roots: find the files, read those that are new or changed, put them into the
 * index, write down the set. Each step leaves what the one before it made usable: texts are stored
 * before the index names them, the index is committed before the set names its sources, the set is
 * written before the state says that nothing has changed.
 */
final class Reading {
  private static final Duration PATIENCE = Duration.ofMinutes(15);

  private final DocumentCache documents;
  private final SetStore sets;
  private final ReadLimits limits;
  private final SourceLibrary.Progress progress;
  private final ReadingState state;
  private final IndexKeeper index;
  private final Map<String, Outcome> outcomes = new ConcurrentHashMap<>();
  private int done;

  /**
   * What became of a file.
   *
   * @param known whether an earlier reading had it already
   */
  private record Outcome(ReadingState.Entry entry, boolean known, boolean lasting) {}

  private Reading(
      DocumentCache documents,
      SetStore sets,
      ReadLimits limits,
      SourceLibrary.Progress progress,
      ReadingState state,
      IndexKeeper index) {
    this.documents = documents;
    this.sets = sets;
    this.limits = limits;
    this.progress = progress;
    this.state = state;
    this.index = index;
  }

  static Manifest read(
      Path library,
      List<Path> realRoots,
      DocumentCache documents,
      SetStore sets,
      ReadLimits limits,
      InstantSource clock,
      SourceLibrary.Progress progress) {
    RootsFolder roots = RootsFolder.of(library, realRoots);
    try (FolderLock _ = FolderLock.take(roots.folder(), PATIENCE);
        IndexKeeper index = new IndexKeeper(roots.index(), documents)) {
      Instant began = clock.instant();
      ReadingState state = ReadingState.load(roots.state());
      Reading reading = new Reading(documents, sets, limits, progress, state, index);
      return reading.run(roots, realRoots, began);
    }
  }

  private Manifest run(RootsFolder roots, List<Path> realRoots, Instant began) {
    FolderScan.Found found = FolderScan.scan(realRoots, limits);
    int total = found.files().size();
    progress.at(0, total);
    Workers.each(
        List.copyOf(found.files().entrySet()),
        file -> {
          outcomes.put(file.getKey(), outcome(file.getKey(), file.getValue()));
          report(total);
        });
    Manifest manifest = manifest(roots, found.skipped());
    if (manifest.members().isEmpty()) {
      throw noDocuments(realRoots, manifest.skipped());
    }
    keep(roots, manifest);
    Map<String, ReadingState.Entry> entries = new HashMap<>();
    outcomes.forEach(
        (location, outcome) -> {
          if (outcome.lasting) {
            entries.put(location, outcome.entry);
          }
        });
    ReadingState.save(roots.state(), entries, began);
    return manifest;
  }

  private synchronized void report(int total) {
    progress.at(++done, total);
  }

  private void keep(RootsFolder roots, Manifest manifest) {
    boolean isNew = sets.load(manifest.id()).isEmpty();
    if (index.touched() || isNew) {
      index.complete(manifest.sources());
      Set<Digest> used = new HashSet<>(manifest.sources());
      sets.keepUsed(roots.key()).forEach(other -> used.addAll(other.sources()));
      index.commit(used);
    }
    sets.save(manifest);
  }

  /** Of files with the same bytes the first by location is in the set. */
  private Manifest manifest(RootsFolder roots, List<Skipped> skipped) {
    List<Member> members = new ArrayList<>();
    List<Skipped> left = new ArrayList<>(skipped);
    Map<Digest, String> first = new HashMap<>();
    int unchanged = 0;
    for (Map.Entry<String, Outcome> each : new TreeMap<>(outcomes).entrySet()) {
      String location = each.getKey();
      ReadingState.Entry entry = each.getValue().entry;
      Digest source = entry.source();
      if (source == null) {
        left.add(new Skipped(location, entry.code(), entry.reason()));
        continue;
      }
      String twin = first.putIfAbsent(source, location);
      if (twin != null) {
        left.add(new Skipped(location, "duplicate", "it is the same as " + twin));
        continue;
      }
      members.add(new Member(location, source));
      unchanged += each.getValue().known ? 1 : 0;
    }
    left.sort(Comparator.comparing(Skipped::location));
    return Manifest.of(roots.key(), members, left, unchanged);
  }

  private Outcome outcome(String location, Path path) {
    FileStamp stamp;
    byte[] bytes;
    try {
      stamp = FileStamp.of(path);
      Optional<ReadingState.Entry> known = state.known(location, stamp);
      if (known.isPresent() && usable(known.get())) {
        return new Outcome(known.get(), true, true);
      }
      if (stamp.size() > limits.fileBytes()) {
        return skipped(stamp, "too_large", tooLarge(stamp.size()), true);
      }
      bytes = bytes(path);
    } catch (IOException e) {
      // Not kept: rights and devices change without a trace in the stamp.
      FileStamp none = new FileStamp(0, 0, 0, 0);
      String reason = "it cannot be opened: " + e.getClass().getSimpleName();
      return skipped(none, "unreadable", reason, false);
    }
    if (bytes.length > limits.fileBytes()) {
      return skipped(stamp, "too_large", tooLarge(bytes.length), true);
    }
    return read(path.getFileName().toString(), stamp, bytes);
  }

  private Outcome read(String fileName, FileStamp stamp, byte[] bytes) {
    Digest id = Digest.of(bytes);
    Optional<StoredDocument> stored = documents.load(id);
    StoredDocument document;
    if (stored.isPresent()) {
      document = stored.get();
    } else {
      try {
        document = StoredDocument.of(id, Formats.read(fileName, bytes, limits));
      } catch (UnusableSource e) {
        return skipped(stamp, e.code(), e.failure().message(), true);
      }
      documents.save(document);
    }
    index.put(document);
    return new Outcome(new ReadingState.Entry(stamp, id, "", ""), stored.isPresent(), true);
  }

  private boolean usable(ReadingState.Entry entry) {
    Digest source = entry.source();
    return source == null || documents.head(source).isPresent();
  }

  private byte[] bytes(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS)) {
      return in.readNBytes((int) Math.min(Integer.MAX_VALUE - 8, limits.fileBytes() + 1));
    }
  }

  private String tooLarge(long size) {
    return "it has " + size + " bytes, more than the " + limits.fileBytes() + " read at most";
  }

  private static Outcome skipped(FileStamp stamp, String code, String reason, boolean lasting) {
    return new Outcome(new ReadingState.Entry(stamp, null, code, reason), false, lasting);
  }

  private static ChoirException noDocuments(List<Path> roots, List<Skipped> skipped) {
    Map<String, Integer> codes = new TreeMap<>();
    skipped.forEach(skip -> codes.merge(skip.code(), 1, Integer::sum));
    return ChoirException.usage(
        "no_documents",
        "nothing under "
            + String.join(", ", roots.stream().map(Path::toString).toList())
            + " can be read as a source"
            + (codes.isEmpty() ? "" : "; skipped: " + codes),
        "name a folder with Markdown, text, HTML, PDF, DOCX, EPUB or CSV files");
  }
}
