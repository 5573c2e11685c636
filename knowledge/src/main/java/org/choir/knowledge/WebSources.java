package org.choir.knowledge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.knowledge.WebSource.State;
import org.choir.knowledge.web.PageFacts;
import org.choir.knowledge.web.WebAnswer;
import org.choir.knowledge.web.WebFetcher;

/**
 * Web pages as sources: each is fetched once per instance, its text stored by the digest of its
 * bytes, and the address remembers what it said, so that a page that changes or disappears later is
 * noticed and can still be judged by its copy. Thread-safe; one instance per verification.
 */
public final class WebSources {
  private final SourceLibrary library;
  private final WebFetcher fetcher;
  private final Path folder;
  private final InstantSource clock;
  private final Map<String, WebSource> looked = new HashMap<>();

  /**
   * @param folder for one small file per address; made when needed
   */
  public WebSources(SourceLibrary library, WebFetcher fetcher, Path folder, InstantSource clock) {
    this.library = library;
    this.fetcher = fetcher;
    this.folder = folder;
    this.clock = clock;
  }

  /** What became of an address, whatever place in the page it names; fetched once. */
  public synchronized WebSource look(String url) {
    return looked.computeIfAbsent(withoutFragment(url), this::looked);
  }

  /** All that were looked at, in no order. */
  public synchronized Collection<WebSource> all() {
    return looked.values().stream().toList();
  }

  private WebSource looked(String url) {
    Optional<Digest> kept = kept(url);
    URI address;
    try {
      address = URI.create(url);
    } catch (IllegalArgumentException e) {
      return without(url, State.UNREACHABLE, "it is not an address", kept);
    }
    return switch (fetcher.fetch(address)) {
      case WebAnswer.Failed failed ->
          failed.code().equals("private_address") || failed.code().equals("bad_address")
              ? without(url, State.REFUSED, failed.reason(), Optional.empty())
              : without(url, State.UNREACHABLE, failed.code() + ": " + failed.reason(), kept);
      case WebAnswer.Page page -> answered(url, page, kept);
    };
  }

  private static String withoutFragment(String url) {
    int hash = url.indexOf('#');
    return hash < 0 ? url : url.substring(0, hash);
  }

  private WebSource answered(String url, WebAnswer.Page page, Optional<Digest> kept) {
    int status = page.status();
    if (status == 404 || status == 410) {
      return without(url, State.NEVER_EXISTED, "the server says " + status, kept);
    }
    if (status == 401 || status == 402) {
      return without(url, State.PAYWALLED, "the server says " + status, kept);
    }
    if (status != 200) {
      return without(url, State.UNREACHABLE, "the server says " + status, kept);
    }
    PageFacts facts = new PageFacts("", "", PageFacts.Access.READABLE);
    String type = page.mediaType();
    boolean html = type.contains("html");
    byte[] body = page.body();
    if (html || type.startsWith("text/")) {
      body = PageCharset.utf8(body, page.charset());
    }
    if (html) {
      facts = PageFacts.ofHtml(body);
    }
    boolean toTheFront =
        !page.redirects().isEmpty() && isFront(page.last()) && !isFront(page.asked());
    if (facts.access() == PageFacts.Access.ABSENT || toTheFront) {
      String why = toTheFront ? "it leads to the front page" : "the page says that it is not there";
      return without(url, State.SOFT_404, why, kept);
    }
    if (facts.access() == PageFacts.Access.PAYWALLED) {
      return without(url, State.PAYWALLED, "only a part of the page can be read", kept);
    }
    SourceDocument document;
    try {
      document = library.keep(fileName(page.last(), type), body, url);
    } catch (UnusableSource e) {
      return without(url, State.UNREACHABLE, e.code() + ": " + e.failure().message(), kept);
    }
    boolean changed = kept.isPresent() && !sameText(kept.get(), document.id());
    remember(url, page.last(), document.id());
    if (!page.redirects().isEmpty()) {
      // Whoever cites the address that answered must find it known too.
      remember(page.last().toString(), page.last(), document.id());
    }
    State state = changed ? State.CHANGED : page.redirects().isEmpty() ? State.ALIVE : State.MOVED;
    return new WebSource(
        url,
        page.last().toString(),
        state,
        Optional.of(document.id()),
        changed ? kept : Optional.empty(),
        document.title(),
        facts.author(),
        facts.published(),
        changed ? "it says other things than when it was read before" : "");
  }

  private static boolean isFront(URI address) {
    String path = address.getPath() == null ? "" : address.getPath();
    return (path.isEmpty() || path.equals("/")) && address.getQuery() == null;
  }

  /** Bytes differ with every counter on a page; what it says is compared. */
  private boolean sameText(Digest one, Digest other) {
    return one.equals(other) || library.text(one).equals(library.text(other));
  }

  /** A name whose ending says what the server said, for the readers of formats. */
  private static String fileName(URI address, String mediaType) {
    String ending =
        switch (mediaType) {
          case "text/html" -> ".html";
          case "application/xhtml+xml" -> ".xhtml";
          case "application/pdf" -> ".pdf";
          case "text/plain" -> ".txt";
          case "text/markdown" -> ".md";
          case "text/csv" -> ".csv";
          case "" -> "";
          default ->
              throw new UnusableSource("unsupported", "it is " + Text.visible(mediaType, 60));
        };
    String path = address.getPath() == null ? "" : address.getPath();
    return path.substring(path.lastIndexOf('/') + 1) + ending;
  }

  /** Without a page: judged by the copy of before if the page has only disappeared. */
  private WebSource without(String url, State state, String reason, Optional<Digest> kept) {
    boolean gone = state == State.NEVER_EXISTED || state == State.SOFT_404;
    State found = gone && kept.isPresent() ? State.ARCHIVED : state;
    String why = found == State.ARCHIVED ? reason + "; checked against the copy of before" : reason;
    String title = kept.flatMap(library::document).map(SourceDocument::title).orElse("");
    return new WebSource(url, url, found, kept, Optional.empty(), title, "", "", why);
  }

  private Path file(String url) {
    return folder.resolve(Digest.of(url).hex() + ".json");
  }

  private Optional<Digest> kept(String url) {
    try {
      ObjectNode json = Json.parseObject(Files.readString(file(url), StandardCharsets.UTF_8));
      String hex = json.path("sha256").asText();
      return hex.matches("[0-9a-f]{64}")
          ? Optional.of(new Digest(hex)).filter(d -> library.text(d).isPresent())
          : Optional.empty();
    } catch (NoSuchFileException absent) {
      return Optional.empty();
    } catch (ChoirException damaged) {
      return Optional.empty(); // as if it had never been read: the next reading writes it again
    } catch (IOException e) {
      throw Disk.failure("read what is known of " + Text.visible(url, 100), e);
    }
  }

  private void remember(String url, URI last, Digest copy) {
    ObjectNode json =
        Json.object()
            .put("url", url)
            .put("last", last.toString())
            .put("sha256", copy.hex())
            .put("at", clock.instant().toString());
    try {
      Files.createDirectories(folder);
      Disk.write(
          file(url),
          (Json.write(json) + "\n").getBytes(StandardCharsets.UTF_8),
          Disk.Care.REPLACEABLE);
    } catch (IOException e) {
      throw Disk.failure("remember " + Text.visible(url, 100), e);
    }
  }
}
