package org.choir.knowledge;

import java.util.ArrayList;
import java.util.List;
import org.choir.model.Embedder;

/**
 * The search of the knowledge base over texts of any origin, without its tables: the same passages,
 * indexes and mix. For measuring. Not thread-safe while texts are added.
 */
public final class Retrieval {
  /** Passages of each kind that are mixed, as many as 100 answers from long texts need. */
  private static final int CANDIDATES = 300;

  private final PassageIndex.ByWords words;
  private final PassageIndex.ByVectors vectors;
  private final Embedder embedder;

  public Retrieval(PassageIndex.ByWords words, PassageIndex.ByVectors vectors, Embedder embedder) {
    this.words = words;
    this.vectors = vectors;
    this.embedder = embedder;
  }

  /** A text to find. */
  public record Text(String id, String title, String text) {}

  /** A text that was found, with a score that compares within one answer. */
  public record Ranked(String id, double score) {}

  /** What one question found: by both signals mixed, and by each alone. */
  public record Answer(List<Ranked> mixed, List<Ranked> byWords, List<Ranked> byMeaning) {}

  /** Adds texts, embedding them together; found after {@link #commit}. */
  public void add(List<Text> texts) {
    List<IndexRow> rows = new ArrayList<>();
    for (Text text : texts) {
      List<ArticlePassages.Part> parts = new ArrayList<>(ArticlePassages.of(text.text()));
      if (parts.isEmpty()) {
        parts.add(new ArticlePassages.Part("", 1, text.title()));
      }
      for (int i = 0; i < parts.size(); i++) {
        rows.add(
            new IndexRow(
                text.id() + ":%05d".formatted(i),
                text.id(),
                1,
                "",
                "",
                0,
                text.title(),
                parts.get(i).section(),
                "line=" + parts.get(i).line(),
                parts.get(i).text(),
                "",
                new float[0]));
      }
    }
    List<float[]> made = embedder.passages(rows.stream().map(IndexRow::inContext).toList());
    int at = 0;
    for (Text text : texts) {
      List<IndexRow> own = new ArrayList<>();
      while (at < rows.size() && rows.get(at).article().equals(text.id())) {
        own.add(rows.get(at).embedded(embedder.id(), made.get(at)));
        at++;
      }
      words.put(text.id(), own);
      if (!vectors.equals(words)) {
        vectors.put(text.id(), own);
      }
    }
  }

  /** Makes what was added visible. */
  public void commit() {
    words.commit();
    if (!vectors.equals(words)) {
      vectors.commit();
    }
  }

  /** Finds. */
  public Answer search(String question, int limit) {
    PassageIndex.ByWords.Found found =
        words.words(Question.telling(question), PassageIndex.Filter.ALL, CANDIDATES);
    List<PassageIndex.Hit> nearest =
        question.isBlank()
            ? List.of()
            : vectors.nearest(
                embedder.query(question), embedder.id(), PassageIndex.Filter.ALL, CANDIDATES);
    return new Answer(
        ranked(Mix.of(question, found, nearest), limit),
        ranked(Mix.of(found.hits(), List.of(), 0), limit),
        ranked(Mix.of(List.of(), nearest, 1), limit));
  }

  private static List<Ranked> ranked(List<Mix.Mixed> mixed, int limit) {
    return mixed.stream().limit(limit).map(m -> new Ranked(m.article(), m.relevance())).toList();
  }
}
