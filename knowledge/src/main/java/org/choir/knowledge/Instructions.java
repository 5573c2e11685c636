package org.choir.knowledge;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds sentences of a source that speak to whoever checks it and not to a reader. They are never
 * evidence: no judge may quote them, and a language model is not shown them. A guard beside the
 * others, not instead of them: an order in words not known here still cannot supply a quotation
 * that carries the claim.
 */
final class Instructions {
  private static final Pattern ADDRESSED =
      Pattern.compile(
          "(?:ignore|disregard|forget|override|skip|bypass)\\b.{0,40}\\b(?:above|previous|prior|earlier|preceding"
              + "|instructions?|rules?|prompts?|guidelines|context|directions|everything (?:above|before|you|said))"
              + "|\\bverdicts?\\b.{0,30}\\b(?:is|are|as|must|should|be|:|=|to)\\b.{0,30}(?:supported|unsupported|contradicted|partial|true|verified)"
              + "|\"?verdict\"?\\s*[:=]"
              + "|(?:mark|label|rate|classify|judge|treat|report|return|output|answer|respond|reply|say|set|declare|count|grade|score)\\b"
              + ".{0,60}\\b(?:(?:as|with|be|is|to|:)\\s*)?[\"'`*]*(?:un)?(?:supported|contradicted|verified|entailed|entailment)\\b"
              + "|\\b(?:claim|statement|it|everything|sentence)\\b.{0,20}\\b(?:must|should|shall|has to) be (?:\\w+ )?(?:as )?(?:un)?(?:supported|verified|accepted|approved|contradicted|rejected)"
              + "|\\byou are (?:now )?(?:a|an|the|no longer|in)\\b.{0,40}\\b(?:assistant|model|ai|judge|checker|verifier|evaluator|grader|mode|agent|bot)"
              + "|\\b(?:system|developer|admin(?:istrator)?|assistant|human)\\s*(?:prompt|message|note|override|instruction|notice)?:\\s|\\bquote:\\s"
              + "|<\\|?/?\\s*(?:system|im_start|im_end|passage|claim|instructions?|inst|s|endoftext|user|assistant|human)\\b"
              + "|\\[/?(?:inst|system|override)\\]|###\\s*(?:instruction|system|response)"
              + "|\\b(?:note|message|attention|dear|hello|hi|hey|instructions?|memo|notice|warning|important)\\b.{0,20}\\b(?:to|for|,)?\\s*\\b(?:the )?"
              + "(?:ai|a\\.i\\.|llms?|language models?|(?:fact[- ]?)?checkers?|verifiers?|judges?|evaluators?|graders?|assistants?|bots?|crawlers?|automated|reviewing model)\\b"
              + "|\\b(?:ai|llm|language model|fact[- ]?checker|verifier|automated (?:judge|checker|reviewer|system)s?)s?\\b.{0,40}\\b(?:must|should|shall|are (?:asked|instructed|required)|please|need to|is (?:asked|instructed|required))\\b"
              + "|\\b(?:do not|don't|never)\\b.{0,30}\\b(?:check|verify|compare|quote|tell|mention|reveal)\\b.{0,40}\\b(?:claim|source|passage|user|this|evidence|instruction)"
              + "|\\bnew instructions?\\b|\\byour (?:new )?(?:task|instructions?|job|goal|role|verdict) (?:is|are|must|should|now)\\b"
              + "|\\bas an? (?:ai|language model|assistant|fact[- ]?checker|verifier|judge)\\b"
              + "|\\bpretend (?:that|to|you)\\b|\\brole-?play\\b|\\bjailbreak|\\bdeveloper mode\\b|\\bprompt injection\\b"
              + "|\\b(?:base64|rot13)\\b.{0,30}\\b(?:decode|execute|follow)|\\b(?:decode|execute|follow)\\b.{0,40}\\b(?:base64|rot13|instructions?)"
              + "|\\{\\s*\"?(?:verdict|label|score)\"?\\s*:",
          Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);

  private static final Pattern BRACKET_ENDS = Pattern.compile("(?<=[}>\\]])\\s+(?=\\p{Lu})");

  private Instructions() {}

  /**
   * A stretch of a text.
   *
   * @param start in code points, inclusive
   * @param end exclusive
   */
  record Stretch(int start, int end) {
    boolean meets(int from, int to) {
      return from < end && to > start;
    }
  }

  /** Whether a sentence, folded and in lower case or not, speaks to a checker. */
  static boolean isAddressed(String sentence) {
    return ADDRESSED.matcher(sentence).find();
  }

  /**
   * A sentence that speaks to a checker, parted where a bracket ends and a sentence begins: what
   * follows an order in brackets may be said to readers. Each piece by its start and end.
   */
  static List<int[]> pieces(Sentences.Sentence sentence) {
    List<int[]> pieces = new ArrayList<>();
    int from = sentence.start();
    Matcher end = BRACKET_ENDS.matcher(sentence.text());
    while (end.find()) {
      pieces.add(new int[] {from, sentence.start() + end.start()});
      from = sentence.start() + end.end();
    }
    pieces.add(new int[] {from, sentence.end()});
    return pieces;
  }

  /** The sentences of a text that speak to a checker. */
  static List<Stretch> in(String text) {
    if (!isAddressed(new NormalText(text).text())) {
      return List.of();
    }
    CodePoints points = new CodePoints(text);
    List<Stretch> found = new ArrayList<>();
    for (Sentences.Sentence sentence : Sentences.of(text)) {
      if (isAddressed(new NormalText(sentence.text()).text())) {
        pieces(sentence).stream()
            .filter(p -> isAddressed(new NormalText(text.substring(p[0], p[1])).text()))
            .forEach(p -> found.add(new Stretch(points.at(p[0]), points.at(p[1]))));
      }
    }
    return found;
  }
}
