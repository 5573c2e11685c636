package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.junit.jupiter.api.Test;

class EntailmentTest {
  private static final List<String> BRIDGE =
      List.of(
          "The Kessler Bridge was opened in 1931 and is 1,128 metres long.",
          "It was closed for repairs in 2019, and a ferry took its place.",
          "Tolls were abolished in 1974.");

  private static final String WRITTEN = "/entailment/written-development.jsonl";

  private final Entailment words = Entailment.byWords();

  @Test
  void supportsWhatIsSaidAndQuotesItLiterally() {
    Entailment.Assessment found = words.assess("The Kessler Bridge was opened in 1931.", BRIDGE);
    assertThat(found.verdict()).isEqualTo(ClaimVerdict.SUPPORTED);
    assertThat(found.spans()).isNotEmpty();
    for (Entailment.Span span : found.spans()) {
      assertThat(BRIDGE.get(span.sentence())).contains(span.quote());
    }
  }

  @Test
  void ranksTheTruthAboveItsChanges() {
    double truth = words.assess("The Kessler Bridge is 1,128 metres long.", BRIDGE).supported();
    for (String changed :
        List.of(
            "The Kessler Bridge is 1,428 metres long.",
            "The Kessler Bridge is not 1,128 metres long.",
            "The Kessler Bridge is less than 900 metres long.",
            "The Harrow Bridge is 1,128 metres long.")) {
      assertThat(words.assess(changed, BRIDGE).supported()).as(changed).isLessThan(truth);
    }
  }

  @Test
  void findsNothingWhereNothingIs() {
    assertThat(words.assess("Penguins sleep on ice.", BRIDGE).verdict())
        .isEqualTo(ClaimVerdict.UNSUPPORTED);
    assertThat(words.assess("Penguins sleep on ice.", List.of()).verdict())
        .isEqualTo(ClaimVerdict.UNSUPPORTED);
    assertThat(words.assess("", BRIDGE).verdict()).isEqualTo(ClaimVerdict.UNSUPPORTED);
  }

  @Test
  void numbersSentencesAsTheyWereGiven() {
    List<String> evidence = new ArrayList<>(Collections.nCopies(40, "Nothing is said here."));
    evidence.set(7, "");
    evidence.add(31, "First. The Kessler Bridge was opened in 1931. Last.");
    Entailment.Assessment found = words.assess("The Kessler Bridge was opened in 1931.", evidence);
    assertThat(found.spans()).extracting(Entailment.Span::sentence).contains(31);
  }

  @Test
  void readsVeryLongEvidenceWithinItsBounds() {
    String longSentence = "word ".repeat(3_000) + "The Kessler Bridge was opened in 1931";
    Entailment.Assessment found =
        words.assess("The Kessler Bridge was opened in 1931.", List.of(longSentence));
    found.spans().forEach(span -> assertThat(longSentence).contains(span.quote()));
  }

  @Test
  void refusesWeightsThatTrainingDidNotWrite() {
    for (String weights : List.of("", "a b\n1 2\n", "a\n0\n1\n0 0\n0 0\n0\n3 0.1\nl 0.1 \n")) {
      assertThatThrownBy(() -> Entailment.of(Optional.empty(), weights))
          .isInstanceOfSatisfying(
              ChoirException.class, e -> assertThat(e.code()).isEqualTo("bad_weights"));
    }
  }

  @Test
  void learnsTheSameWeightsTwice() {
    assertThat(trained()).isEqualTo(trained());
    Entailment learnt =
        new EntailmentTraining(Optional.empty()).trained(Optional.empty(), trained());
    assertThat(
            learnt
                .assess("The tower is 11 metres high.", List.of("The tower is 11 metres high."))
                .supported())
        .isGreaterThan(
            learnt
                .assess("The tower is 11 metres high.", List.of("The tower is 97 metres high."))
                .supported());
  }

  private static String trained() {
    EntailmentTraining training = new EntailmentTraining(Optional.empty());
    List<EntailmentTraining.Example> examples = new ArrayList<>();
    for (int i = 10; i < 90; i++) {
      String evidence = "The tower is " + i + " metres high.";
      examples.add(
          new EntailmentTraining.Example(evidence, List.of(evidence), ClaimVerdict.SUPPORTED, 1));
      examples.add(
          new EntailmentTraining.Example(
              "The tower is " + (i + 7) + " metres high.",
              List.of(evidence),
              ClaimVerdict.CONTRADICTED,
              1));
      examples.add(
          new EntailmentTraining.Example(
              "The tower was built by monks.", List.of(evidence), ClaimVerdict.UNSUPPORTED, 1));
    }
    training.addAll(examples);
    return training.learn(List.of("a test"));
  }

  private static Judge.Judgement judged(Judge judge, String claim, String text) {
    Evidence evidence = new Evidence("s1", Digest.of(text), "", "", "", "", 0, text);
    return judge.judge(Draft.of(claim + " [@s1]").claims().getFirst(), List.of(evidence));
  }

  @Test
  void theJudgeThatAsksItLeavesFirmRulesAlone() {
    TrainedJudge trained = new TrainedJudge(words);
    LexicalJudge rules = new LexicalJudge();
    String text = String.join(" ", BRIDGE);
    for (String claim :
        List.of(
            "The Kessler Bridge was opened in 1931 and is 1,128 metres long.",
            "The Kessler Bridge was opened in 1947.",
            "Tolls were not abolished in 1974.")) {
      Judge.Judgement byRules = judged(rules, claim, text);
      assertThat(byRules.firm()).as(claim).isTrue();
      assertThat(judged(trained, claim, text)).isEqualTo(byRules);
    }
  }

  @Test
  void theJudgeThatAsksItNeverSupportsWhatTheRulesDoNot() {
    TrainedJudge trained = new TrainedJudge(words);
    LexicalJudge rules = new LexicalJudge();
    String text =
        "In the summer the trams of the old town run every ten minutes until midnight, and on"
            + " Sundays they are free for children. The depot was sold to a brewery.";
    for (String claim :
        List.of(
            "On Sundays children ride the trams of the old town for free.",
            "Summer trams in the old town run until midnight each ten minutes.",
            "A brewery bought the depot.",
            "The depot was bought by a bakery.",
            "Trams are painted green.")) {
      ClaimVerdict before = judged(rules, claim, text).verdict();
      Judge.Judgement after = judged(trained, claim, text);
      assertThat(after.verdict() == ClaimVerdict.SUPPORTED && before != ClaimVerdict.SUPPORTED)
          .as("%s: %s", claim, after)
          .isFalse();
      after.quotes().forEach(quote -> assertThat(text).contains(quote.text()));
    }
  }

  @Test
  void theJudgeThatAsksItSpeaksWhereTheRulesAreOpenAndQuotesLiterally() throws Exception {
    TrainedJudge trained = new TrainedJudge(words);
    List<String> reasons = new ArrayList<>();
    try (InputStream in = EntailmentTest.class.getResourceAsStream(WRITTEN)) {
      assertThat(in).isNotNull();
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
        ObjectNode example = Json.parseObject(line);
        String text = example.path("evidence").path(0).asText();
        Judge.Judgement after = judged(trained, example.path("claim").asText(), text);
        reasons.add(after.reason().replaceFirst(":.*", ""));
        after.quotes().forEach(quote -> assertThat(text).contains(quote.text()));
        if (after.reason().startsWith("reworded")) {
          assertThat(after.verdict()).isEqualTo(ClaimVerdict.PARTIAL);
        }
      }
    }
    assertThat(reasons).contains("reworded", "seems_contradicted");
  }
}
