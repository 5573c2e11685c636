package org.choir.knowledge;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.choir.core.Digest;
import org.choir.core.Json;

/** Collects what an assembled report contains and what was left out. */
final class RecordBuilder {
  private final ArrayNode claims = Json.array();
  private final ArrayNode dropped = Json.array();
  private final Map<Digest, Quote> sources = new LinkedHashMap<>();
  private final Map<ClaimVerdict, Integer> counts = new EnumMap<>(ClaimVerdict.class);

  /** A claim that stands in the report; the text is exactly what stands there. */
  void stands(ClaimResult result, String text, int start, int end) {
    tally(result.verdict());
    ObjectNode claim = claims.addObject();
    claim.put("id", result.claim().id()).put("text", text);
    claim.putArray("span").add(start).add(end);
    claim.put("verdict", result.verdict().word()).put("score", rounded(result.score()));
    if (!result.reason().isEmpty()) {
      claim.put("reason", result.reason());
    }
    ArrayNode evidence = claim.putArray("evidence");
    for (Quote quote : result.quotes()) {
      sources.putIfAbsent(quote.source(), quote);
      ObjectNode one = evidence.addObject();
      one.put("key", quote.key()).put("source", id(quote.source()));
      one.put("title", quote.title()).put("locator", quote.locator()).put("quote", quote.text());
      one.putArray("span").add(quote.start()).add(quote.end());
    }
    ObjectNode judge = claim.putObject("judge");
    judge.put("kind", result.judge().kind()).put("id", result.judge().id());
    judge.put("version", result.judge().version());
  }

  void dropped(ClaimResult result) {
    tally(result.verdict());
    dropped
        .addObject()
        .put("text", result.claim().text())
        .put("verdict", result.verdict().word())
        .put("reason", result.reason());
  }

  int count(ClaimVerdict... verdicts) {
    int sum = 0;
    for (ClaimVerdict verdict : verdicts) {
      sum += counts.getOrDefault(verdict, 0);
    }
    return sum;
  }

  int sources() {
    return sources.size();
  }

  VerificationRecord build(String report, ReportFrame frame, int words) {
    ObjectNode json = Json.object();
    json.put("schema", VerificationRecord.SCHEMA);
    json.putObject("report").put("sha256", Digest.of(report).hex());
    json.put("question", frame.question()).put("model", frame.model());
    ObjectNode targets = json.putObject("targets").put("depth", frame.targets().depth());
    target(targets.putObject("sources"), frame.targets().sources(), sources.size());
    target(targets.putObject("words"), frame.targets().words(), words);
    json.set("claims", claims);
    json.set("dropped", dropped);
    ArrayNode list = json.putArray("sources");
    for (Map.Entry<Digest, Quote> source : sources.entrySet()) {
      list.addObject()
          .put("id", id(source.getKey()))
          .put("sha256", source.getKey().hex())
          .put("title", source.getValue().title())
          .put("location", source.getValue().location());
    }
    ObjectNode summary = json.putObject("summary");
    summary.put("claims", claims.size());
    for (ClaimVerdict verdict : ClaimVerdict.values()) {
      summary.put(verdict.word(), count(verdict));
    }
    summary.put("dropped", dropped.size()).put("sources", sources.size());
    return VerificationRecord.of(json);
  }

  private static void target(ObjectNode target, int wanted, int actual) {
    target.put("wanted", wanted).put("actual", actual).put("reached", actual >= wanted);
  }

  private void tally(ClaimVerdict verdict) {
    counts.merge(verdict, 1, Integer::sum);
  }

  /** A document's id in a record: short, and the same in every report. */
  private static String id(Digest source) {
    return "d" + source.prefix(12);
  }

  /** Four digits are more than the score is worth. */
  private static BigDecimal rounded(double score) {
    return BigDecimal.valueOf(Math.round(score * 10_000), 4).stripTrailingZeros();
  }
}
