package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.backbone.Backbone;
import org.choir.backbone.PublicEvents;
import org.choir.core.AuditEvent;
import org.choir.core.ChoirException;
import org.choir.database.Database;
import org.choir.keys.FileDataKeys;
import org.choir.knowledge.lucene.LuceneShelf;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/** A knowledge base over real PostgreSQL, NATS and Lucene, for a class whose tests run in order. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
abstract class KnowledgeBaseHouse {
  static final String LIGHTHOUSE =
      """
      # Lighthouse lenses

      A Fresnel lens of the first order has a focal distance of 920 millimetres. It was first lit \
      at the tower of Cordouan in 1823, where it replaced a set of parabolic mirrors that sailors \
      had called too weak for years.

      ## Upkeep

      Keepers polished each prism with rouge and spirits every morning. They drew curtains around \
      the lantern by day, because the sun shining backwards through the glass could set fire to \
      the oil and crack the burner below it.
      """;

  static final String BREAD =
      """
      # Bread in a cold kitchen

      A starter that is kept in a cold room needs about three days between one feeding and the \
      next. The dough which is made with it rises more slowly than it does in the summer, so \
      that the bread is flat and heavy unless the baker has given it the whole of the night \
      and a little more flour than the book says.

      Rye flour helps, since its enzymes free sugar from starch even when the room is cold, \
      and a bowl that is made of wood will lose less of its warmth in the night than one of \
      steel. Some of the bakers take the bowl with them to bed, and others have put it near \
      the stove when the fire has gone out.
      """;

  final Path folder;
  final Database database;
  final Backbone backbone;
  private final FolderBodies bodies;
  private final HashedWords embedder = new HashedWords();
  Instant now = Instant.parse("2026-11-21T08:00:00Z");
  final List<AuditEvent> chain = new CopyOnWriteArrayList<>();
  KnowledgeBase base;

  KnowledgeBaseHouse(Path folder) {
    this.folder = folder;
    this.database = Database.open(new Database.Embedded(folder.resolve("postgres")));
    this.backbone =
        Backbone.start(
            new Backbone.Options(folder.resolve("nats"), 0, Backbone.Durability.CRASH),
            FileDataKeys.open(folder.resolve("keys")),
            InstantSource.system());
    this.bodies = new FolderBodies(folder.resolve("bodies"));
    this.base = open();
  }

  KnowledgeBase open() {
    InstantSource clock = () -> now;
    return new KnowledgeBase(
        database,
        bodies,
        chain::add,
        backbone.events(),
        embedder,
        earlier -> Optional.empty(),
        LuceneShelf.in(folder.resolve("indexes")),
        Set.of("editor", "reader"),
        clock);
  }

  @AfterAll
  void stop() {
    base.close();
    backbone.close();
    database.close();
  }

  static Submission submission(String author, String field, String text) {
    return new Submission(author, field, text, Optional.empty(), Submission.STAKE);
  }

  static void requireFails(ThrowingCallable call, String code) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ChoirException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  List<PublicEvents.Event> events(String type) {
    return backbone.events().after(0, 1_000).stream().filter(e -> e.type().equals(type)).toList();
  }

  /** Publishes the article on lighthouses, by ada, and has it reviewed; its id. */
  String publishLighthouse() {
    String id = base.publish(submission("ada", "optics", LIGHTHOUSE)).id();
    base.review(id, "editor", true);
    return id;
  }

  /** Publishes the article on bread, by editor, and has it reviewed; its id. */
  String publishBread() {
    String id = base.publish(submission("editor", "baking", BREAD)).id();
    base.review(id, "reader", true);
    return id;
  }
}
