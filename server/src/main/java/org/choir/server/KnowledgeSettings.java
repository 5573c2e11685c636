package org.choir.server;

import java.net.URI;
import java.util.Optional;
import java.util.Set;

/**
 * How articles are embedded, where their vectors are kept, and who decides about them.
 *
 * @param reviewers accounts that decide reviews and rings
 * @param agentsPublish whether agents may publish and cite in their users' names
 * @param embedder {@code bge}, in this process, or {@code openai:NAME}
 * @param embedderUrl where the embedding server is; empty for OPENAI_BASE_URL, or OpenAI itself
 * @param dimensions the vectors' length; 0 for what a model of OpenAI's has
 * @param qdrant empty for Lucene
 */
public record KnowledgeSettings(
    Set<String> reviewers,
    boolean agentsPublish,
    String embedder,
    Optional<URI> embedderUrl,
    int dimensions,
    Optional<URI> qdrant) {
  public KnowledgeSettings {
    reviewers = Set.copyOf(reviewers);
  }

  /** The model that runs in this process. */
  static final String LOCAL = "bge";

  /** Before the name of a model behind an embedding server. */
  static final String REMOTE = "openai:";

  static KnowledgeSettings of(SettingValues values) {
    String embedder = values.text("knowledge.embedder");
    if (!embedder.equals(LOCAL)
        && !(embedder.startsWith(REMOTE) && embedder.length() > REMOTE.length())) {
      throw values.value("knowledge.embedder").bad("bge or openai:NAME");
    }
    return new KnowledgeSettings(
        Set.copyOf(values.list("knowledge.reviewers")),
        values.oneOf("knowledge.agents-publish", "true", "false").equals("true"),
        embedder,
        address(values, "knowledge.embedder-url"),
        values.number("knowledge.embedder-dimensions", 0, 4096),
        address(values, "knowledge.qdrant.url"));
  }

  private static Optional<URI> address(SettingValues values, String key) {
    return values.isSet(key) ? Optional.of(values.address(key)) : Optional.empty();
  }

  /** The name of the model behind the embedding server; empty for the local one. */
  Optional<String> remoteModel() {
    return embedder.startsWith(REMOTE)
        ? Optional.of(embedder.substring(REMOTE.length()))
        : Optional.empty();
  }
}
