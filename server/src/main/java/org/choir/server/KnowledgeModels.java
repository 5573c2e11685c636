package org.choir.server;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.knowledge.qdrant.QdrantServer;
import org.choir.model.CachedEmbedder;
import org.choir.model.Embedder;
import org.choir.model.ModelSettings;
import org.choir.model.PlatformCredential;
import org.choir.model.Provider;
import org.choir.model.openai.OpenAiEmbedder;

/**
 * The embedding models of the knowledge base: the one that the settings ask for, and an earlier one
 * while it can still be had. Sources of runs stay with the local model: private files are not sent
 * to an embedding server.
 */
final class KnowledgeModels implements AutoCloseable {
  /** As {@link OpenAiEmbedder#id} writes it. */
  private static final Pattern REMOTE = Pattern.compile("openai:(.+)@([0-9]{1,4}),[^,@]+");

  private static final Duration QDRANT_DEADLINE = Duration.ofSeconds(20);

  private final KnowledgeSettings settings;
  private final Map<String, String> environment;
  private final Embedder local;
  private final Path cache;
  private final Embedder wanted;
  private final Deque<Embedder> open = new ArrayDeque<>();

  /**
   * Opens what the settings ask for; asks no server yet.
   *
   * @param local in this process, closed by its owner
   * @param cache the folder for vectors of servers
   */
  KnowledgeModels(Settings settings, PlatformCredentials credentials, Embedder local, Path cache) {
    this.settings = settings.knowledge();
    this.environment = credentials.of(Provider.OPENAI.id());
    this.local = local;
    this.cache = cache;
    this.wanted =
        settings
            .knowledge()
            .remoteModel()
            .map(name -> remote(name, settings.knowledge().dimensions()))
            .orElse(local);
  }

  private Embedder remote(String name, int dimensions) {
    Embedder made =
        new CachedEmbedder(
            new OpenAiEmbedder(OpenAiEmbedder.Options.of(name, dimensions, server())),
            cache,
            CachedEmbedder.DEFAULT_BYTES_MAX);
    open.push(made);
    return made;
  }

  private ModelSettings server() {
    URI base =
        settings
            .embedderUrl()
            .or(
                () ->
                    Optional.ofNullable(environment.get(Provider.OPENAI.baseUrlVariable()))
                        .map(URI::create))
            .orElse(Provider.OPENAI.home());
    return new ModelSettings(
        base,
        PlatformCredential.from(environment, Provider.OPENAI.keyVariable()).orElse(null),
        8_191,
        false);
  }

  /** The model that articles are to be found by. */
  Embedder wanted() {
    return wanted;
  }

  /** The model of these vectors, if the settings and the environment still lead to it. */
  synchronized Optional<Embedder> earlier(String id) {
    if (id.equals(local.id())) {
      return Optional.of(local);
    }
    Matcher remote = REMOTE.matcher(id);
    if (!remote.matches()) {
      return Optional.empty();
    }
    try {
      Embedder made = remote(remote.group(1), Integer.parseInt(remote.group(2)));
      // The same name on another server is another model.
      return made.id().equals(id) ? Optional.of(made) : Optional.empty();
    } catch (ChoirException e) {
      return Optional.empty();
    }
  }

  /** The Qdrant that the settings name. */
  static Optional<QdrantServer> qdrant(Settings settings, PlatformCredentials credentials) {
    return settings
        .knowledge()
        .qdrant()
        .map(
            address ->
                new QdrantServer(
                    address,
                    PlatformCredential.from(credentials.of("qdrant"), "QDRANT_API_KEY")
                        .orElse(null),
                    QDRANT_DEADLINE));
  }

  @Override
  public void close() {
    open.forEach(Embedder::close);
  }
}
