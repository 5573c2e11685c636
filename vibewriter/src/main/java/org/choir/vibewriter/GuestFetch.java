package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.choir.agent.Tool;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.core.Text;
import org.choir.knowledge.Passage;
import org.choir.knowledge.SourceDocument;
import org.choir.knowledge.SourceLibrary;
import org.choir.model.ToolSpec;

/**
 * The guest call {@code fetch}: stores a page that the host has fetched as a source of the run, and
 * issues the keys of its first passages. The page is read from the host's own copy, so what is
 * cited later is what was stored, whatever the address shows then.
 */
final class GuestFetch implements Tool {
  /** The kind of event that adds a page to a run's sources. */
  static final String FETCHED = "source_fetched";

  private static final int SHOWN = 8;
  private static final int URL_MAX = 500;

  private static final ToolSpec SPEC =
      new ToolSpec(
          "fetch",
          "Stores a fetched page as a source.",
          new Schema()
              .text("url", "where it was fetched")
              .text("file", "the host's copy")
              .text("sha256", "of the copy")
              .build());

  private final SourceLibrary library;

  GuestFetch(SourceLibrary library) {
    this.library = library;
  }

  @Override
  public ToolSpec spec() {
    return SPEC;
  }

  @Override
  public ReplayClass replay() {
    return ReplayClass.READ_ONLY;
  }

  @Override
  public ToolOutput call(ToolContext context, ObjectNode arguments) {
    String url = Text.visible(arguments.path("url").asText(), URL_MAX);
    Path file = Path.of(arguments.path("file").asText());
    SourceDocument document = library.keep(file.getFileName().toString(), bytes(file), url);
    String set =
        library.gather(context.agent().run().value(), Map.of(document.id(), document.location()));
    List<Passage> all = library.passages(set, document.id());
    List<Passage> shown = all.subList(0, Math.min(SHOWN, all.size()));
    List<ObjectNode> events = new ArrayList<>();
    events.add(
        Json.object()
            .put("kind", FETCHED)
            .put("url", url)
            .put("location", document.location())
            .put("source", document.id().hex())
            .put("title", document.title())
            .put("sha256", arguments.path("sha256").asText()));
    shown.forEach(p -> events.add(PassageText.evidence(p)));
    ObjectNode answer =
        Json.object()
            .put(
                "text",
                "Stored "
                    + url
                    + " with "
                    + all.size()
                    + " passages; the first of them:\n\n"
                    + PassageText.of(shown))
            .put("failed", false)
            .put("url", url)
            .put("source", document.id().hex());
    ArrayNode passages = answer.putArray("passages");
    shown.forEach(p -> passages.addObject().put("key", p.key()).put("text", p.text()));
    return ToolOutput.of(Json.write(answer), events);
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw ChoirException.fatal(
          "page_lost", "the host's copy " + file + " cannot be read", "fetch the page again", e);
    }
  }
}
