package org.choir.server;

import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.function.Consumer;
import org.choir.agent.AgentRuntime;
import org.choir.agent.PlainGate;
import org.choir.backbone.Backbone;
import org.choir.core.AgentId;
import org.choir.keys.FileDataKeys;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.WebSources;
import org.choir.knowledge.web.WebFetcher;
import org.choir.model.CachedEmbedder;
import org.choir.model.Embedder;
import org.choir.model.bge.BgeEmbedder;
import org.choir.sandbox.Sandboxes;
import org.choir.vibewriter.Research;

/**
 * All rooms of one server, built in the order they need each other and closed in the reverse one.
 * The only place where an adapter meets a port.
 */
final class Wiring implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Wiring.class.getName());

  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final Home home;
  private final Settings settings;
  private final Backbone backbone;
  private final Sandboxes sandboxes;
  private final SourceLibrary library;
  private final ModelAccess models;
  private final AgentRuntime agents;
  private final Research research;
  private final RunFeed feed;

  /**
   * Opens everything.
   *
   * @param progress is told each step
   * @throws org.choir.core.ChoirException what a room needs and has not; what was opened is closed
   */
  Wiring(
      Home home,
      Settings settings,
      PlatformCredentials credentials,
      InstantSource clock,
      Consumer<String> progress) {
    this.home = home;
    this.settings = settings;
    try {
      home.requireSpace();
      FileDataKeys keys = FileDataKeys.open(home.part("keys"));
      progress.accept("starting nats-server");
      backbone =
          closing(
              Backbone.start(
                  new Backbone.Options(
                      home.part("nats"), settings.natsPort(), settings.durability()),
                  keys,
                  clock));
      sandboxes =
          closing(
              Sandboxes.open(
                  new Sandboxes.Options(
                      home.part("vms"),
                      settings.image().orElseGet(Wiring::builtImage),
                      settings.accelerator(),
                      settings.memoryMib(),
                      settings.overlayMib(),
                      settings.vmLimit()),
                  clock));
      Sandboxes.Recovery recovery = sandboxes.recover();
      LOG.log(Level.INFO, "VMs adopted: {0}, reaped: {1}", recovery.adopted(), recovery.reaped());
      Embedder embedder =
          closing(
              new CachedEmbedder(
                  new BgeEmbedder(), home.part("cache"), CachedEmbedder.DEFAULT_BYTES_MAX));
      library = closing(SourceLibrary.open(home.part("sources"), embedder));
      models = closing(new ModelAccess(credentials, settings, embedder));
      research = new Research(library);
      agents =
          new AgentRuntime(
              backbone,
              // What this server does itself for an agent, beside what stays in the VM.
              new PlainGate(Set.of("submit_report")),
              // The audit chain comes with its own room; until then the state stream is the record.
              event -> LOG.log(Level.DEBUG, "{0} {1}", event.kind(), event.agent()),
              models,
              run -> sandboxes.obtain(run.value()),
              clock,
              models::cost);
      feed = closing(new RunFeed(backbone.state(), newest(backbone) + 1));
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private <T extends AutoCloseable> T closing(T room) {
    open.push(room);
    return room;
  }

  private static long newest(Backbone backbone) {
    long newest = 0;
    for (AgentId agent : backbone.state().agents()) {
      newest = Math.max(newest, backbone.state().last(agent).map(e -> e.sequence()).orElse(0L));
    }
    return newest;
  }

  /** The image that this repository's recipe builds. */
  static Path builtImage() {
    return Path.of(System.getProperty("choir.repository", "."), "guest", "target", "image");
  }

  /** Whether that image has been built. */
  static boolean hasImage(Settings settings) {
    return Files.exists(settings.image().orElseGet(Wiring::builtImage).resolve("manifest.json"));
  }

  Home home() {
    return home;
  }

  Settings settings() {
    return settings;
  }

  Backbone backbone() {
    return backbone;
  }

  Sandboxes sandboxes() {
    return sandboxes;
  }

  /** The web as a source, asked anew: a page is fetched once for each answer. */
  WebSources pages() {
    return new WebSources(
        library,
        WebFetcher.of(Set.of()),
        home.part("sources").resolve("pages"),
        InstantSource.system());
  }

  SourceLibrary library() {
    return library;
  }

  ModelAccess models() {
    return models;
  }

  AgentRuntime agents() {
    return agents;
  }

  Research research() {
    return research;
  }

  RunFeed feed() {
    return feed;
  }

  @Override
  public void close() {
    while (!open.isEmpty()) {
      AutoCloseable room = open.pop();
      try {
        room.close();
      } catch (Exception e) {
        // One room's trouble must not keep the others open.
        LOG.log(Level.WARNING, "closing " + room.getClass().getSimpleName() + " failed", e);
      }
    }
  }
}
