package org.choir.knowledge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.knowledge.OpenSets.OpenSet;
import org.choir.knowledge.SetStore.Manifest;
import org.choir.knowledge.SetStore.Member;
import org.choir.knowledge.formats.Formats;
import org.choir.knowledge.lucene.IndexView;
import org.choir.knowledge.lucene.Words;
import org.choir.model.Embedder;

/**
 * The reader's own documents: read, stored by content hash, cut into passages, indexed, searched.
 * The index is kept between runs and follows the files. Thread-safe.
 *
 * <p>Three layers, each made again from the one before it. The files are the readers' own and
 * change. The stored documents hold the text of every version that was read, under the digest of
 * its bytes; a set is a list of them and never changes. The index holds passages of the stored
 * documents of all sets of the same roots; a search sees those of its set alone, with statistics of
 * these alone, so that a later reading cannot change what a running run is answered.
 */
public final class SourceLibrary implements AutoCloseable {
  /**
   * A question whose best passage scores less is most likely not answered by the sources. Measured
   * with bge-small over the PostgreSQL 15 manual: the best passage of 20 questions it answers
   * scored 0.55 to 0.88, of nine questions of other fields 0.04 to 0.25, and of one on Git, which a
   * page of the manual mentions, 0.40. Tests hold the gap.
   */
  public static final double ANSWERS = 0.45;

  private static final int CANDIDATES = 200;
  // The embedding model reads some 25 passages a second on two busy cores.
  private static final int EMBEDDED = 64;
  private static final int LIMIT_MAX = 100;

  private final Path folder;
  private final Embedder embedder;
  private final ReadLimits limits;
  private final InstantSource clock;
  private final DocumentCache documents;
  private final SetStore sets;
  private final OpenSets open;

  private SourceLibrary(Path folder, Embedder embedder, ReadLimits limits, InstantSource clock) {
    this.folder = folder;
    this.embedder = embedder;
    this.limits = limits;
    this.clock = clock;
    this.documents = new DocumentCache(new DocumentStore(folder.resolve("documents")));
    this.sets = new SetStore(folder.resolve("sets"), clock);
    this.open = new OpenSets(folder, sets, documents);
  }

  /**
   * Opens the library in a folder it owns; the embedder is asked lazily, for the candidates of a
   * search only.
   */
  public static SourceLibrary open(Path folder, Embedder embedder) {
    return open(folder, embedder, ReadLimits.DEFAULT, InstantSource.system());
  }

  /** As {@link #open(Path, Embedder)}, with limits and a clock of the caller's. */
  public static SourceLibrary open(
      Path folder, Embedder embedder, ReadLimits limits, InstantSource clock) {
    try {
      Files.createDirectories(folder.resolve("sets"));
    } catch (IOException e) {
      throw Disk.failure("make the folder " + folder, e);
    }
    return new SourceLibrary(folder, embedder, limits, clock);
  }

  /** Is told how a reading goes on; calls come from one thread at a time. */
  @FunctionalInterface
  public interface Progress {
    /** So many of so many files are done. */
    void at(int done, int total);
  }

  /**
   * Reads folders and files, or brings what was read before up to date.
   *
   * @throws org.choir.core.ChoirException {@code no_such_source} for a path that does not exist,
   *     {@code no_documents} if nothing under the paths can be read, {@code too_many_sources}
   *     beyond the limit of files
   */
  public SourceSet read(List<Path> roots, Progress progress) {
    List<Path> real = FolderScan.real(roots);
    return set(Reading.read(folder, real, documents, sets, limits, clock, progress))
        .orElseThrow(() -> lost("of the set just read"));
  }

  /** The set with this id, as it was read; empty if its index has been thrown away. */
  public Optional<SourceSet> set(String id) {
    return sets.load(id).flatMap(this::set);
  }

  private Optional<SourceSet> set(Manifest manifest) {
    List<SourceDocument> found = new ArrayList<>(manifest.members().size());
    for (Member member : manifest.members()) {
      Optional<StoredDocument> document = documents.head(member.source());
      if (document.isEmpty()) {
        return Optional.empty();
      }
      found.add(document.get().at(member.location()));
    }
    return Optional.of(
        new SourceSet(manifest.id(), found, manifest.skipped(), manifest.unchanged()));
  }

  /**
   * The passages of a set that best answer a question: BM25 candidates (at most 200), re-ranked
   * with the embedding model, near-duplicates removed, best first. The same set and question give
   * the same answer.
   *
   * @param limit 1 to 100
   * @throws org.choir.core.ChoirException {@code unknown_sources} for an id that names no set
   */
  public List<Passage> search(String setId, String question, int limit) {
    Question asked = Question.of(question);
    try (OpenSet set = open.take(setId)) {
      if (asked.terms().isEmpty()) {
        return List.of();
      }
      Map<String, Double> rarity = new HashMap<>();
      for (IndexView.Weighted term : asked.terms()) {
        rarity.put(term.term(), set.view().rarity(term.term()));
      }
      List<Candidate> candidates = new ArrayList<>();
      for (IndexView.Hit hit : set.view().search(asked.terms(), CANDIDATES)) {
        Candidate candidate = candidate(set, hit);
        candidates.add(candidate.scored(Ranking.lexical(asked, rarity, candidate)));
      }
      return Ranking.select(rerank(question, candidates), Math.clamp(limit, 1, LIMIT_MAX));
    } catch (IOException e) {
      throw Disk.failure("search the index", e);
    }
  }

  /** The best by their words, scored by their meaning too. */
  private List<Candidate> rerank(String question, List<Candidate> candidates) {
    List<Candidate> best =
        candidates.stream()
            .sorted(
                Comparator.comparingDouble((Candidate c) -> c.passage().score())
                    .reversed()
                    .thenComparing(c -> c.passage().key()))
            .toList();
    List<Candidate> embedded = best.subList(0, Math.min(EMBEDDED, best.size()));
    List<Candidate> scored = new ArrayList<>();
    if (!embedded.isEmpty()) {
      float[] asked = embedder.query(question);
      List<float[]> vectors =
          embedder.passages(embedded.stream().map(Candidate::inContext).toList());
      for (int i = 0; i < embedded.size(); i++) {
        Candidate candidate = embedded.get(i);
        double cosine = dot(asked, vectors.get(i));
        double score = Ranking.score(candidate.passage().score(), cosine, candidate.prose());
        scored.add(candidate.scored(score));
      }
    }
    for (Candidate candidate : best.subList(embedded.size(), best.size())) {
      scored.add(candidate.scored(Ranking.score(candidate.passage().score(), 0, 1)));
    }
    return scored;
  }

  private Candidate candidate(OpenSet set, IndexView.Hit hit) {
    StoredDocument document = stored(hit.source());
    String location = set.location(hit.source()).orElseThrow();
    Passage passage = document.passage(hit.ordinal(), location, 0);
    return new Candidate(
        passage,
        hit.match(),
        hit.prose() / 100.0,
        Words.terms(document.title() + "\n" + passage.section()),
        Words.terms(passage.text()));
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  /** The passage of a set with this key. */
  public Optional<Passage> passage(String setId, String key) {
    try (OpenSet set = open.take(setId)) {
      Optional<IndexView.Hit> hit = set.view().find(key);
      if (hit.isEmpty()) {
        return Optional.empty();
      }
      Digest source = hit.get().source();
      String location = set.location(source).orElseThrow();
      return Optional.of(stored(source).passage(hit.get().ordinal(), location, 0));
    } catch (IOException e) {
      throw Disk.failure("search the index", e);
    }
  }

  /** The passages of one source in their order, overlapping none; none if it is not of the set. */
  public List<Passage> passages(String setId, Digest source) {
    try (OpenSet set = open.take(setId)) {
      return set.location(source)
          .map(location -> stored(source).passages(location))
          .orElse(List.of());
    }
  }

  /**
   * Stores a document that is no file of the reader's, such as a web page, so that its text can be
   * asked for by its digest. It belongs to no set.
   *
   * @param fileName whose ending says what it is
   * @throws UnusableSource if it cannot be read as a source
   */
  public SourceDocument keep(String fileName, byte[] bytes, String location) {
    Digest id = Digest.of(bytes);
    Optional<StoredDocument> stored = documents.load(id);
    if (stored.isEmpty()) {
      if (bytes.length > limits.fileBytes()) {
        throw new UnusableSource("too_large", "it has more than " + limits.fileBytes() + " bytes");
      }
      documents.save(StoredDocument.of(id, Formats.read(fileName, bytes, limits)));
    }
    return stored(id).at(location);
  }

  /**
   * A set of stored documents that is written down nowhere, such as the pages that a run has
   * fetched: it can be searched until the library is closed, and gathered again from the same
   * documents at any time.
   *
   * @param owner whose it is; sets of one owner share an index
   * @param locations of the documents by their digest; what is not stored is left out
   * @return the set's id; the same owner and documents have the same
   */
  public String gather(String owner, Map<Digest, String> locations) {
    List<Member> members =
        locations.entrySet().stream()
            .filter(each -> documents.head(each.getKey()).isPresent())
            .map(each -> new Member(each.getValue(), each.getKey()))
            .sorted(Comparator.comparing(Member::location).thenComparing(m -> m.source().hex()))
            .toList();
    Manifest manifest = Manifest.of(gatheredRoots(owner), members, List.of(), 0);
    open.gather(manifest);
    return manifest.id();
  }

  private static String gatheredRoots(String owner) {
    return "gathered-" + Digest.of(owner).prefix(20);
  }

  /** Removes the index of an owner's gathered sets; the documents stay. */
  public void forget(String owner) {
    Path index = RootsFolder.named(folder, gatheredRoots(owner)).folder();
    try (Stream<Path> all = Files.walk(index)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (NoSuchFileException e) {
      return; // nothing was ever gathered
    } catch (IOException e) {
      throw Disk.failure("remove " + index, e);
    }
  }

  /** The stored extracted text of a source. */
  public Optional<String> text(Digest source) {
    return documents.load(source).map(StoredDocument::text);
  }

  /**
   * Whether sentences of a source speak to programs that read it. They are never evidence, and
   * whoever shows the source to a reader says so.
   */
  public boolean speaksToMachines(Digest source) {
    return text(source).map(text -> !Instructions.in(text).isEmpty()).orElse(false);
  }

  /** What is known of a source; its location is empty unless a set in use has it. */
  public Optional<SourceDocument> document(Digest source) {
    return documents.head(source).map(found -> found.at(open.location(source).orElse("")));
  }

  private StoredDocument stored(Digest source) {
    return documents.load(source).orElseThrow(() -> lost(source.prefix(12)));
  }

  private static ChoirException lost(String source) {
    return ChoirException.fatal(
        "source_lost",
        "the stored text of the source " + source + " is gone",
        "read the folder again by starting a new run on it");
  }

  @Override
  public void close() {
    open.close();
  }
}
