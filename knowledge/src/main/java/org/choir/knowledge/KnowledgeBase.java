package org.choir.knowledge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.choir.backbone.PublicEvents;
import org.choir.core.AuditSink;
import org.choir.core.ChoirException;
import org.choir.database.Database;
import org.choir.model.Embedder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Published articles: the tables are the truth, the indexes a projection, the bus is told through
 * an outbox. An act returns when it is committed, indexed and told; if indexing or telling fails,
 * both are made good at the next act or start. Thread-safe.
 */
public final class KnowledgeBase implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(KnowledgeBase.class);
  private static final long END_SECONDS_MAX = 30;

  /** Until what failed is tried again. */
  private static final long AGAIN_SECONDS = 60;

  private final Articles articles;
  private final Publishing publishing;
  private final Standing standing;
  private final Accounts accounts;
  private final Citations citations;
  private final Projection projection;
  private final ArticleSearch search;
  private final Outbox outbox;
  private final Set<String> reviewers;
  private final NoveltyDesk desk;
  private final Embedder embedder;
  private volatile boolean closing;
  private final AtomicBoolean again = new AtomicBoolean();
  private final ScheduledThreadPoolExecutor background =
      new ScheduledThreadPoolExecutor(1, Thread.ofVirtual().name("knowledge").factory());

  /**
   * Over a database, whose schema it brings up to date.
   *
   * @param embedder the model that articles are to be found by
   * @param earlier a model by its id, if it is at hand: asked for the one whose vectors are there
   * @param shelf where the indexes are
   * @param reviewers accounts that decide reviews and rings
   */
  public KnowledgeBase(
      Database database,
      Bodies bodies,
      AuditSink audit,
      PublicEvents bus,
      Embedder embedder,
      Function<String, Optional<Embedder>> earlier,
      IndexShelf shelf,
      Set<String> reviewers,
      InstantSource clock) {
    database.migrate("knowledge");
    this.reviewers = Set.copyOf(reviewers);
    this.citations = new Citations(database, bodies, clock);
    this.embedder = embedder;
    this.desk = new NoveltyDesk(database, bodies, embedder);
    this.articles = new Articles(database, bodies);
    this.publishing = new Publishing(database, bodies, articles, desk, citations, clock);
    this.standing = new Standing(database, articles, reviewers, clock);
    this.accounts = new Accounts(database, clock);
    this.projection = new Projection(articles, shelf, embedder, earlier);
    desk.use(projection.searched().embedder().orElse(embedder));
    this.search = new ArticleSearch(projection::searched, articles::published);
    this.outbox = new Outbox(database, audit, bus);
    background.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    background.execute(this::makeGood);
  }

  /** What an earlier end left undone, and what another model embedded; failed, again later. */
  private void makeGood() {
    again.set(false);
    try {
      int sent = outbox.drain();
      int changed = projection.catchUp(() -> closing, () -> desk.prepare(embedder, () -> closing));
      projection.searched().embedder().ifPresent(desk::use);
      if (sent + changed > 0) {
        LOG.info("made good: {} events, {} articles indexed", sent, changed);
      }
    } catch (RuntimeException e) {
      LOG.warn("the index could not be brought up to date, which is tried again later", e);
      makeGoodLater();
    }
    if (projection.lacking()) {
      makeGoodLater();
    }
  }

  private void makeGoodLater() {
    if (!closing && again.compareAndSet(false, true)) {
      background.schedule(this::makeGood, AGAIN_SECONDS, TimeUnit.SECONDS);
    }
  }

  /** Returns when what was submitted to the background so far is done. */
  void awaitBackground() throws InterruptedException {
    try {
      background.submit(() -> {}).get(END_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }

  private Article told(Article article) {
    try {
      projection.put(article);
      projection.commit();
      if (projection.lacking()) {
        makeGoodLater();
      }
    } catch (ChoirException e) {
      LOG.warn("{} is not wholly indexed, which is tried again later", article.id(), e);
      makeGoodLater();
    }
    tell();
    return article;
  }

  private void tell() {
    try {
      outbox.drain();
    } catch (ChoirException e) {
      LOG.warn("events wait in the outbox", e);
    }
  }

  /**
   * See {@link Publishing#publish}; the outcome is the article's state, review, score and reason.
   */
  public Article publish(Submission submission) {
    return told(publishing.publish(submission));
  }

  /** How new a submission would be found now; nothing is published. */
  public NoveltyScore judge(Submission submission) {
    return publishing.judge(submission);
  }

  /** See {@link Publishing#revise}. */
  public Article revise(String id, Submission revision) {
    return told(publishing.revise(id, revision));
  }

  /** See {@link Publishing#withdraw}. */
  public Article withdraw(String id, String author) {
    return told(publishing.withdraw(id, author));
  }

  /** See {@link Standing#boost}. */
  public Article boost(String id, String by, int chip) {
    Article boosted = standing.boost(id, by, chip);
    tell();
    return boosted;
  }

  /** See {@link Standing#review}. */
  public Article review(String id, String reviewer, boolean accept) {
    Article reviewed = standing.review(id, reviewer, accept);
    tell();
    return reviewed;
  }

  /** See {@link Citations#cite}. */
  public CitationWeights.Weighed cite(String author, String from, String to, String claim) {
    CitationWeights.Weighed made = citations.cite(author, from, to, claim);
    tell();
    return made;
  }

  /** See {@link Citations#withdraw}. */
  public void uncite(String author, String citation) {
    citations.withdraw(author, citation);
    tell();
  }

  /**
   * Lets a ring's citations count again.
   *
   * @throws ChoirException {@code not_a_reviewer}, {@code no_such_ring}
   */
  public void release(String ring, String reviewer) {
    requireReviewer(reviewer, "rings");
    citations.release(ring, reviewer);
    tell();
  }

  /**
   * Says whose an account is: accounts of one owner cite each other without weight.
   *
   * @param seed whether trust begins here
   * @throws ChoirException {@code not_a_reviewer}, {@code bad_account}
   */
  public void account(String name, String owner, boolean seed, String reviewer) {
    requireReviewer(reviewer, "accounts");
    accounts.put(name, owner, seed, reviewer);
    tell();
  }

  private void requireReviewer(String account, String what) {
    if (!reviewers.contains(account)) {
      throw ChoirException.usage(
          "not_a_reviewer",
          account + " may not decide about " + what,
          "name who may under knowledge.reviewers in choir.yaml");
    }
  }

  /** See {@link Citations#findRings}. */
  public List<Ring> findRings() {
    List<Ring> fresh = citations.findRings();
    tell();
    return fresh;
  }

  /** Reading of articles. */
  public Articles articles() {
    return articles;
  }

  /** The citation graph. */
  public Citations citations() {
    return citations;
  }

  /** Searching. */
  public ArticleSearch search() {
    return search;
  }

  /**
   * Makes the index anew from the tables and bodies, and compares it with them row for row.
   *
   * @return {@code articles}, {@code rows differing}
   */
  public ObjectNode rebuild(java.util.function.BiConsumer<Integer, Integer> progress) {
    int count = projection.rebuild(progress::accept);
    List<String> differences = projection.differences();
    return org.choir.core.Json.object().put("articles", count).put("differing", differences.size());
  }

  /** How far the change to another embedding model is; empty if there is none. */
  public Optional<EmbeddingChange> embedding() {
    return projection.change();
  }

  /** See {@link Projection#differences}. */
  List<String> differences() {
    return projection.differences();
  }

  @Override
  public void close() {
    closing = true;
    background.shutdown();
    try {
      if (!background.awaitTermination(END_SECONDS_MAX, TimeUnit.SECONDS)) {
        LOG.warn("the index was still being brought up to date");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    projection.close();
  }
}
