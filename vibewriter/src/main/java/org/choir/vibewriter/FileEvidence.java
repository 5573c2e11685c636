package org.choir.vibewriter;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Text;
import org.choir.knowledge.Citation;
import org.choir.knowledge.Claim;
import org.choir.knowledge.Evidence;
import org.choir.knowledge.EvidenceBook;
import org.choir.knowledge.SourceDocument;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.SourceSet;
import org.choir.knowledge.WebSource;
import org.choir.knowledge.WebSources;

/**
 * What the citations of anybody's document stand for: the files and, if it may ask for them, the
 * web pages it links to, and evidence keys.
 */
final class FileEvidence implements EvidenceBook {
  private static final int TARGET_MAX = 200;

  private final SourceLibrary library;
  private final LinkedFiles links;
  private final Optional<WebSources> web;
  private final Set<String> sets = new LinkedHashSet<>();
  private final Map<Path, SourceDocument> documents = new HashMap<>();
  private final Map<Path, String> unusable = new HashMap<>();
  private final Set<Digest> used = new LinkedHashSet<>();

  private FileEvidence(SourceLibrary library, LinkedFiles links, Optional<WebSources> web) {
    this.library = library;
    this.links = links;
    this.web = web;
  }

  /**
   * Reads the files that the claims cite, and those under {@code sources} if keys are cited.
   *
   * @param folder the document's own, in which its relative links lie unless {@code sources} says
   *     otherwise
   * @param web empty if nothing is fetched
   */
  static FileEvidence of(
      SourceLibrary library,
      List<Claim> claims,
      Path folder,
      List<Path> sources,
      Optional<WebSources> web) {
    Set<Path> folders = new LinkedHashSet<>();
    sources.forEach(s -> folders.add(java.nio.file.Files.isDirectory(s) ? s : parent(s)));
    folders.add(folder);
    FileEvidence book = new FileEvidence(library, new LinkedFiles(List.copyOf(folders)), web);
    Set<Path> cited = new LinkedHashSet<>();
    boolean keys = false;
    for (Claim claim : claims) {
      for (Citation citation : claim.citations()) {
        book.links.file(citation).ifPresent(cited::add);
        keys |= citation.kind() == Citation.Kind.KEY;
      }
    }
    if (!sources.isEmpty() || keys) {
      book.add(library.read(sources.isEmpty() ? List.of(folder) : sources, (done, total) -> {}));
    }
    cited.removeAll(book.documents.keySet());
    cited.removeAll(book.unusable.keySet());
    book.read(cited);
    return book;
  }

  private static Path parent(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    return parent == null ? file : parent;
  }

  private void read(Set<Path> files) {
    if (files.isEmpty()) {
      return;
    }
    try {
      add(library.read(List.copyOf(files), (done, total) -> {}));
    } catch (ChoirException e) {
      if (!e.code().equals("no_documents")) {
        throw e;
      }
      files.forEach(f -> unusable.put(f, "it cannot be read as a document"));
    }
  }

  private void add(SourceSet set) {
    sets.add(set.id());
    set.documents().forEach(d -> documents.put(Path.of(d.location()), d));
    set.skipped().forEach(s -> unusable.putIfAbsent(Path.of(s.location()), s.reason()));
  }

  /** The languages of the sources that were found, one code each. */
  Stream<String> languages() {
    return used.stream().flatMap(d -> library.document(d).stream()).map(SourceDocument::language);
  }

  @Override
  public Entry find(Citation citation) {
    Entry entry = looked(citation);
    if (entry instanceof Entry.Found found) {
      used.add(found.evidence().source());
    }
    return entry;
  }

  private Entry looked(Citation citation) {
    return switch (citation.kind()) {
      case KEY ->
          sets.stream()
              .flatMap(set -> library.passage(set, citation.target()).stream())
              .findFirst()
              .<Entry>map(passage -> new Entry.Found(Evidence.of(passage)))
              .orElseGet(Entry.Unknown::new);
      case LINK, FOOTNOTE -> ofFile(citation);
    };
  }

  private Entry ofFile(Citation citation) {
    String target = Text.visible(citation.target(), TARGET_MAX);
    if (LinkedFiles.isWeb(citation)) {
      return web.map(pages -> ofPage(citation, pages.look(citation.target())))
          .orElseGet(
              () ->
                  new Entry.Unreachable(
                      target + " is on the web and is not fetched; keep a copy and cite its path"));
    }
    Optional<Path> file = links.file(citation);
    if (file.isEmpty()) {
      return new Entry.Unreachable("there is no file for: " + target);
    }
    SourceDocument document = documents.get(file.get());
    if (document == null) {
      return new Entry.Unreachable(
          file.get() + ": " + unusable.getOrDefault(file.get(), "it was not read"));
    }
    return library
        .text(document.id())
        .<Entry>map(text -> new Entry.Found(whole(citation, document, text)))
        .orElseGet(() -> new Entry.Unreachable(file.get() + " is no longer stored"));
  }

  private Entry ofPage(Citation citation, WebSource page) {
    String target = Text.visible(citation.target(), TARGET_MAX);
    String reason = target + " is " + page.state().word() + ": " + page.reason();
    if (page.state() == WebSource.State.NEVER_EXISTED) {
      return new Entry.Fabricated(reason);
    }
    Optional<Digest> copy = page.copy().filter(c -> page.state().isReadable());
    Optional<String> text = copy.flatMap(library::text);
    if (copy.isEmpty() || text.isEmpty()) {
      return new Entry.Unreachable(reason);
    }
    // Who wrote it and when stands beside the text, so that a claim that names another author or
    // year meets a name or a number that its source does not have.
    String by =
        (page.author().isEmpty() ? "" : "By " + page.author() + ". ")
            + (page.published().isEmpty() ? "" : "Published " + page.published() + ".");
    return new Entry.Found(
        new Evidence(
            citation.target(),
            copy.get(),
            page.title(),
            by.strip(),
            page.url(),
            "",
            0,
            text.get()));
  }

  private static Evidence whole(Citation citation, SourceDocument document, String text) {
    return new Evidence(
        citation.target(), document.id(), document.title(), "", document.location(), "", 0, text);
  }
}
