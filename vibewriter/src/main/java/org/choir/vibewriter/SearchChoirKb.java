package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.knowledge.Article;
import org.choir.knowledge.ArticleSearch;
import org.choir.knowledge.Passage;
import org.choir.knowledge.PassageIndex;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.SourceSet;
import org.choir.model.ToolSpec;

/**
 * The tool {@code search_choir_kb}: finds published articles, makes those it found sources of the
 * run, and issues the keys of the passages that answer. What is cited later is the version that was
 * read now.
 */
final class SearchChoirKb extends SearchTool {
  static final String NAME = "search_choir_kb";

  /** What the addresses of articles begin with in a run's record. */
  static final String SCHEME = "choir:";

  private static final int DEFAULT_LIMIT = 3;
  private static final int MAX_LIMIT = 10;
  private static final int PASSAGES = 3;
  private static final int QUESTION_MAX = 2_000;
  private static final int SHOWN_MAX = 120;

  private static final ToolSpec SPEC =
      new ToolSpec(
          NAME,
          "Finds the published articles of the knowledge base that best answer a question, and in"
              + " each the passages that do, with head lines [@KEY] TITLE › SECTION; cite them like"
              + " those of search_sources. Search here before the sources.",
          new Schema()
              .text("question", "what to look for, as a full question")
              .optionalText("field", "only articles of this field, for example: optics")
              .optionalInteger("limit", 1, MAX_LIMIT, "articles at most, 3 unless told")
              .build());

  private final SourceLibrary library;
  private final KnowledgeAccess knowledge;

  SearchChoirKb(SourceLibrary library, KnowledgeAccess knowledge) {
    super(SPEC, new Asked("question", QUESTION_MAX, DEFAULT_LIMIT, MAX_LIMIT));
    this.library = library;
    this.knowledge = knowledge;
  }

  @Override
  ToolOutput search(ToolContext context, ObjectNode arguments, String question, int limit) {
    if (!knowledge.hasArticles()) {
      return ToolOutput.of("The knowledge base has no articles yet. Use search_sources.");
    }
    String field = arguments.path("field").asText().strip().toLowerCase(Locale.ROOT);
    PassageIndex.Filter filter =
        field.isEmpty()
            ? PassageIndex.Filter.ALL
            : new PassageIndex.Filter(
                Set.of(field), Set.of(), PassageIndex.Filter.ALL.from(), Long.MAX_VALUE);
    List<ArticleSearch.Found> found =
        knowledge.base().search().search(question, filter, limit).found();
    if (found.isEmpty()) {
      return ToolOutput.of("No article was found for: " + question);
    }
    List<ObjectNode> events = new ArrayList<>();
    List<Passage> shown = new ArrayList<>();
    StringBuilder articles = new StringBuilder("Articles:");
    for (ArticleSearch.Found each : found) {
      Article article = each.article();
      SourceSet set = library.read(List.of(knowledge.file(article)), (done, total) -> {});
      List<Passage> passages = library.search(set.id(), question, PASSAGES);
      if (!passages.isEmpty()) {
        shown.addAll(passages);
        events.add(fetched(article, set));
        passages.forEach(p -> events.add(PassageText.evidence(p)));
        articles.append("\n- ").append(line(article));
      }
    }
    return ToolOutput.of(articles + "\n\n" + PassageText.of(shown), events);
  }

  private static ObjectNode fetched(Article article, SourceSet set) {
    return Json.object()
        .put("kind", GuestFetch.FETCHED)
        .put("url", SCHEME + article.id())
        .put("set", set.id())
        .put("source", article.version().digest().hex())
        .put("title", article.version().title())
        .put("sha256", article.version().digest().hex());
  }

  private static String line(Article article) {
    return article.id()
        + " version "
        + article.version().number()
        + " by "
        + Text.visible(article.author(), SHOWN_MAX)
        + ", field "
        + Text.visible(article.field(), SHOWN_MAX)
        + ": "
        + Text.visible(article.version().title(), SHOWN_MAX);
  }
}
