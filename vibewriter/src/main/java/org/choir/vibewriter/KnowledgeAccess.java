package org.choir.vibewriter;

import java.nio.file.Path;
import org.choir.knowledge.Article;
import org.choir.knowledge.KnowledgeBase;

/** The port to the knowledge base, as runs use it in the name of their users. Thread-safe. */
public interface KnowledgeAccess {

  /** Whether anything was ever published; tells without starting anything. */
  boolean hasArticles();

  /** Whether agents may publish and cite; people always may. */
  boolean mayPublish();

  /** The knowledge base; the first call may take seconds. */
  KnowledgeBase base();

  /** The newest version of an article as a file that a run can read as a source. */
  Path file(Article article);
}
