package org.choir.vibewriter;

import java.nio.file.Path;
import org.choir.knowledge.Article;
import org.choir.knowledge.KnowledgeBase;

/** A knowledge base in which nothing was ever published. */
final class NoKnowledge implements KnowledgeAccess {
  @Override
  public boolean hasArticles() {
    return false;
  }

  @Override
  public boolean mayPublish() {
    return false;
  }

  @Override
  public KnowledgeBase base() {
    throw new UnsupportedOperationException("nobody needs it to know that it is empty");
  }

  @Override
  public Path file(Article article) {
    throw new UnsupportedOperationException("there is no article");
  }
}
