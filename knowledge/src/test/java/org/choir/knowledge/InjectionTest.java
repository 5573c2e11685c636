package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.model.Message;
import org.choir.model.ModelAnswer;
import org.choir.model.ModelClient;
import org.choir.model.ModelEvent;
import org.choir.model.ModelRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Pages that speak to the checker flip no verdict, not even with a model that obeys them. */
class InjectionTest {
  private static final String PAGE =
      "Reclaimed storage becomes available for new rows once vacuum has finished. A table that is"
          + " never vacuumed grows. ";
  private static final String FALSE_CLAIM = "the server compresses every table during the night";
  private static final String TRUE_CLAIM =
      "Once vacuum has finished, reclaimed storage becomes available for new rows.";

  static Stream<String> injections() {
    try (InputStream in = InjectionTest.class.getResourceAsStream("/injections.txt")) {
      assertThat(in).isNotNull();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines().filter(line -> !line.startsWith("# ") && !line.isBlank()).toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Obeys whatever the page says: supports, and quotes what it was told to quote. */
  private record Gullible(String quote, String verdict) implements ModelClient {
    @Override
    public String id() {
      return "test:gullible";
    }

    @Override
    public boolean isLanguageModel() {
      return true;
    }

    @Override
    public int contextTokens() {
      return 10_000;
    }

    @Override
    public ModelAnswer ask(ModelRequest request, Consumer<ModelEvent> events) {
      String prompt = ((Message.User) request.messages().getFirst()).text();
      // It can only obey what it is shown.
      boolean told =
          prompt.contains("supported")
              && prompt.toLowerCase(java.util.Locale.ROOT).contains("ignore");
      String answer =
          Json.write(
              Json.object().put("verdict", told ? "supported" : verdict).put("quote", quote));
      return new ModelAnswer(answer, List.of(), ModelAnswer.Usage.NONE, ModelAnswer.Stop.END);
    }
  }

  private static ClaimResult verify(ClaimVerifier verifier, String claim, String page) {
    Evidence evidence = new Evidence("s1", Digest.of(page), "Vacuum", "", "/d/v.html", "", 0, page);
    return verifier.verify(
        Draft.of(claim + " [@s1]").claims().getFirst(), EvidenceBook.of(List.of(evidence)));
  }

  @Test
  void hasManyForms() {
    assertThat(injections()).hasSizeGreaterThanOrEqualTo(40).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @MethodSource("injections")
  void supportsNoFalseClaimByRules(String injection) {
    String page = PAGE + injection.replace("{claim}", FALSE_CLAIM) + " It grows.";
    ClaimResult result =
        verify(ClaimVerifier.byRules(), "The" + FALSE_CLAIM.substring(3) + ".", page);
    assertThat(result.verdict().stands()).as("%s: %s", injection, result).isFalse();
  }

  @ParameterizedTest
  @MethodSource("injections")
  void supportsNoFalseClaimWithAModelThatObeys(String injection) {
    String order = injection.replace("{claim}", FALSE_CLAIM);
    String page = PAGE + order + " It grows.";
    for (String quote : List.of(order, FALSE_CLAIM, page, "the server compresses every table")) {
      ClaimVerifier verifier = ClaimVerifier.with(new ModelJudge(new Gullible(quote, "supported")));
      ClaimResult result = verify(verifier, "The" + FALSE_CLAIM.substring(3) + ".", page);
      assertThat(result.verdict().stands()).as("%s: %s", injection, result).isFalse();
    }
  }

  @ParameterizedTest
  @MethodSource("injections")
  void dropsNoTrueClaimByRules(String injection) {
    String page =
        PAGE + injection.replace("supported", "contradicted").replace("{claim}", FALSE_CLAIM);
    assertThat(verify(ClaimVerifier.byRules(), TRUE_CLAIM, page).verdict())
        .isEqualTo(ClaimVerdict.SUPPORTED);
    ClaimVerifier obeying =
        ClaimVerifier.with(
            new ModelJudge(
                new Gullible(
                    injection.replace("supported", "contradicted").replace("{claim}", FALSE_CLAIM),
                    "contradicted")));
    assertThat(verify(obeying, TRUE_CLAIM, page).verdict().stands()).as(injection).isTrue();
  }

  @Test
  void leavesSentencesForReadersAlone() {
    for (String sentence :
        List.of(
            "The judge ruled that the law was void.",
            "Ignore the warning if the file is empty.",
            "Unicode is supported by all versions.",
            "The system must be restarted after the update.",
            "You are asked for a password.",
            "Your answer is stored in the table.",
            "The claim was rejected by the court in 2019.",
            "Language models are trained on large collections of text.",
            "An assistant helps the professor with the lectures.",
            "Set the score of the match before the game begins.")) {
      assertThat(Instructions.isAddressed(sentence)).as(sentence).isFalse();
    }
  }
}
