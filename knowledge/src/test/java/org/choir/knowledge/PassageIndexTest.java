package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.choir.knowledge.lucene.PassageLucene;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lucene as an index of vectors, and what it does beyond: words, and several models at once. */
class PassageIndexTest extends PassageIndexConformance {
  @TempDir Path folder;

  @Override
  PassageIndex.ByVectors open() {
    return PassageLucene.open(folder);
  }

  @Test
  void vectorsOfModelsWithOtherDimensionsLieSideBySide() {
    try (PassageLucene index = PassageLucene.open(folder)) {
      index.put("a", List.of(row("a", 0, "f", "small@1", new float[] {1, 0})));
      index.put("b", List.of(row("b", 0, "f", "large@1", new float[] {0, 1, 0})));
      index.commit();
      assertThat(index.nearest(new float[] {0, 1, 0}, "large@1", PassageIndex.Filter.ALL, 5))
          .singleElement()
          .satisfies(h -> assertThat(h.article()).isEqualTo("b"));
      assertThat(index.words("text number", PassageIndex.Filter.ALL, 5).hits()).hasSize(2);
      assertThat(index.words("title of b", PassageIndex.Filter.ALL, 5).coverage())
          .isCloseTo(1, org.assertj.core.data.Offset.offset(1e-9));
    }
  }

  @Test
  void vectorsAsLongAsThoseOfTheLargestModelsAreFound() {
    Random random = new Random(3);
    float[] wide = new float[3072];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = (float) (random.nextGaussian() / Math.sqrt(wide.length));
    }
    try (PassageLucene index = PassageLucene.open(folder)) {
      index.put("a", List.of(row("a", 0, "f", "wide@1", wide)));
      index.commit();
    }
    try (PassageLucene index = PassageLucene.open(folder)) {
      assertThat(index.nearest(wide, "wide@1", PassageIndex.Filter.ALL, 5)).hasSize(1);
    }
  }

  @Test
  void theMixTrustsWordsForNamesAndMeaningForQuestionsAndLongOrUncoveredTexts() {
    var covered = new PassageIndex.ByWords.Found(List.of(), 1, 4);
    var uncovered = new PassageIndex.ByWords.Found(List.of(), 0.1, 4);
    var longer = new PassageIndex.ByWords.Found(List.of(), 1, 96);
    double ordinary = Mix.meaning("polishing of lenses", covered);
    assertThat(Mix.meaning("what does max_wal_size do", covered)).isLessThan(ordinary);
    assertThat(Mix.meaning("how are lenses polished", covered)).isGreaterThan(ordinary);
    assertThat(Mix.meaning("polishing of lenses", uncovered)).isGreaterThan(ordinary);
    assertThat(Mix.meaning("polishing of lenses", longer)).isGreaterThan(ordinary);
    assertThat(
            Mix.of(
                List.of(new PassageIndex.Hit("a:0", "a", 9), new PassageIndex.Hit("b:0", "b", 3)),
                List.of(
                    new PassageIndex.Hit("c:0", "c", 0.9),
                    new PassageIndex.Hit("b:1", "b", 0.88),
                    new PassageIndex.Hit("a:1", "a", 0.4)),
                0.5))
        .extracting(Mix.Mixed::article)
        .containsExactly("b", "a", "c");
  }

  @Test
  void theWordsThatOnlyMakeAQuestionAreNotSearched() {
    assertThat(Question.telling("How do I polish a lens?").strip()).isEqualTo("polish lens?");
    assertThat(Question.telling("Polishing of a lens for the tower"))
        .isEqualTo("Polishing of a lens for the tower");
    assertThat(Question.telling("What is the WHO?").strip()).isEqualTo("WHO?");
    assertThat(Question.telling("Why is it so?")).isEqualTo("Why is it so?");
  }
}
