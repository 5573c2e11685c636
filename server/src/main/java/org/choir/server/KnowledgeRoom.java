package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.choir.backbone.Backbone;
import org.choir.core.AuditSink;
import org.choir.knowledge.Article;
import org.choir.knowledge.ArticleSearch;
import org.choir.knowledge.KnowledgeBase;
import org.choir.knowledge.PassageIndex;
import org.choir.knowledge.Ring;
import org.choir.knowledge.lucene.LuceneShelf;
import org.choir.knowledge.qdrant.QdrantPassages;
import org.choir.knowledge.qdrant.QdrantServer;
import org.choir.vibewriter.KnowledgeAccess;
import org.jspecify.annotations.Nullable;

/**
 * The knowledge base, opened with its PostgreSQL when it is first needed: a run over a folder never
 * waits for it. Answers {@code kb.search.*} and looks for rings every night.
 */
final class KnowledgeRoom implements KnowledgeAccess, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(KnowledgeRoom.class.getName());
  private static final Duration RINGS_EVERY = Duration.ofDays(1);
  private static final int SOURCES_MAX = 20;

  /** An article whose best passage is less like the question most likely does not answer it. */
  private static final double LIKENESS_MIN = 0.6;

  private final Home home;
  private final Backbone backbone;
  private final SharedDatabase database;
  private final AuditSink audit;
  private final KnowledgeModels models;
  private final Optional<QdrantServer> qdrant;
  private final Set<String> reviewers;
  private final boolean agentsPublish;
  private final InstantSource clock;
  private final StoredBodies bodies;
  private final AutoCloseable service;
  private final ScheduledExecutorService nightly =
      Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().name("rings").factory());
  private volatile @Nullable KnowledgeBase base;
  private boolean closed;

  KnowledgeRoom(
      Home home,
      Backbone backbone,
      SharedDatabase database,
      AuditSink audit,
      KnowledgeModels models,
      Optional<QdrantServer> qdrant,
      Set<String> reviewers,
      boolean agentsPublish,
      InstantSource clock) {
    this.home = home;
    this.backbone = backbone;
    this.database = database;
    this.audit = audit;
    this.models = models;
    this.qdrant = qdrant;
    this.reviewers = Set.copyOf(reviewers);
    this.agentsPublish = agentsPublish;
    this.clock = clock;
    this.bodies = new StoredBodies(backbone.files(), home.part("kb").resolve("articles"));
    this.service =
        backbone
            .events()
            .serve(
                "choir-kb",
                "kb.search",
                (field, question) -> KbCommands.search(base(), field, question));
  }

  @Override
  public boolean hasArticles() {
    return bodies.hasAny();
  }

  @Override
  public boolean mayPublish() {
    return agentsPublish;
  }

  @Override
  public Path file(Article article) {
    return bodies.file(article);
  }

  /** The first call starts the database. */
  @Override
  public synchronized KnowledgeBase base() {
    if (closed) {
      throw new IllegalStateException("the server is ending");
    }
    KnowledgeBase known = base;
    if (known != null) {
      return known;
    }
    Path indexes = home.part("kb").resolve("indexes");
    known =
        new KnowledgeBase(
            database.open(),
            bodies,
            audit,
            backbone.events(),
            models.wanted(),
            models::earlier,
            qdrant.isEmpty()
                ? LuceneShelf.in(indexes)
                : LuceneShelf.with(indexes, model -> QdrantPassages.open(qdrant.get(), model)),
            reviewers,
            clock);
    base = known;
    // Counted from the first use: a server that is started each morning looks each time.
    nightly.scheduleWithFixedDelay(this::rings, 1, RINGS_EVERY.toMinutes(), TimeUnit.MINUTES);
    return known;
  }

  private void rings() {
    try {
      for (Ring ring : base().findRings()) {
        LOG.log(Level.WARNING, "frozen until a person has looked: {0}", ring);
      }
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "looking for rings failed", e);
    }
  }

  /** The files of the articles that most likely answer a question. */
  List<Path> sources(String question) {
    if (!hasArticles()) {
      return List.of();
    }
    List<Path> files = new ArrayList<>();
    for (ArticleSearch.Found found :
        base().search().search(question, PassageIndex.Filter.ALL, SOURCES_MAX).found()) {
      if (found.likeness() >= LIKENESS_MIN) {
        files.add(bodies.file(found.article()));
      }
    }
    return files;
  }

  /** Adds how far a change of the embedding model is, while there is one. */
  void describe(ObjectNode status) {
    KnowledgeBase known = base;
    if (known != null) {
      known
          .embedding()
          .ifPresent(
              change ->
                  status
                      .putObject("embedding")
                      .put("from", change.from())
                      .put("to", change.to())
                      .put("done", change.done())
                      .put("total", change.total()));
    }
  }

  @Override
  public void close() throws Exception {
    nightly.shutdown();
    service.close();
    synchronized (this) {
      closed = true;
      if (base != null) {
        base.close();
      }
    }
  }
}
