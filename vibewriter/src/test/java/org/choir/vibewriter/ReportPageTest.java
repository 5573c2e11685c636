package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.junit.jupiter.api.Test;

class ReportPageTest {
  private static final String MARKDOWN =
      """
      # Why <script>alert(1)</script>?

      The \uD83D\uDE80 log is *written* first, in `a[1]` too. [1] A commit waits. *(partly supported)* [2]

      <img src=x onerror=alert(2)> [click](javascript:alert(3)) ![pixel](https://evil.example/p.png)

      | a | b |
      |---|---|
      | 1 | 2 |

      ```
      code [1]
      ```

      ## Sources

      1. The log — [open](<file:///docs/log.html#order>)
      2. Commit — [open](</docs/commit.md:7>)

      [1]: <file:///docs/log.html#order>
      [2]: <javascript:alert(4)>
      """;

  private static ObjectNode claim(ArrayNode claims, String id, String verdict, String words) {
    int start = MARKDOWN.indexOf(words);
    ObjectNode claim = claims.addObject().put("id", id).put("text", words).put("verdict", verdict);
    claim
        .putArray("span")
        .add(MARKDOWN.codePointCount(0, start))
        .add(MARKDOWN.codePointCount(0, start + words.length()));
    return claim;
  }

  static SubmittedReport report() {
    ObjectNode record =
        Json.object().put("schema", "choir.verification/1").put("question", "Why <b>?");
    record.putObject("report").put("sha256", Digest.of(MARKDOWN).hex());
    ArrayNode sources = record.putArray("sources");
    sources.addObject().put("id", "1").put("title", "The log");
    sources.addObject().put("id", "2").put("title", "Commit");
    ArrayNode claims = record.putArray("claims");
    claim(claims, "c1", "supported", "The \uD83D\uDE80 log is *written* first, in `a[1]` too.")
        .putArray("evidence")
        .addObject()
        .put("key", "s0000000001")
        .put("source", "1")
        .put("title", "The log")
        .put("locator", "#order")
        .put("quote", "The log \"is\" written <first>");
    claim(claims, "c2", "partial", "A commit waits.")
        .putArray("evidence")
        .addObject()
        .put("key", "s0000000002")
        .put("source", "2")
        .put("title", "Commit")
        .put("locator", "")
        .put("quote", "Commits may wait");
    return new SubmittedReport(
        MARKDOWN.getBytes(StandardCharsets.UTF_8),
        Json.write(record).getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void carriesNothingThatRunsOrLoads() {
    String html = report().html();
    Document page = Jsoup.parse(html);
    assertThat(page.select("script, img, iframe, object, embed, form, link, base")).isEmpty();
    assertThat(page.getAllElements())
        .allSatisfy(
            e ->
                assertThat(e.attributes())
                    .noneMatch(a -> a.getKey().startsWith("on"))
                    .noneMatch(a -> a.getValue().contains("javascript:")));
    assertThat(page.select("[src], [srcset], [data]")).isEmpty();
    assertThat(page.select("meta[http-equiv=Content-Security-Policy]").attr("content"))
        .startsWith("default-src 'none'");
    assertThat(page.title()).isEqualTo("Why <b>?");
    assertThat(page.text()).contains("Why <script>alert(1)</script>?").contains("<img src=x");
    assertThat(html).contains("@media print").contains("prefers-color-scheme:dark");
  }

  @Test
  void linksEachCitationToItsPassageAndShowsItAsATooltip() {
    Document page = Jsoup.parse(report().html());
    Element cite = Objects.requireNonNull(page.selectFirst("a.cite.supported"));
    assertThat(cite.text()).isEqualTo("[1]");
    assertThat(cite.attr("title")).isEqualTo("“The log \"is\" written <first>” — The log");
    Element passage = Objects.requireNonNull(page.getElementById(cite.attr("href").substring(1)));
    assertThat(passage.select("blockquote").text()).isEqualTo("The log \"is\" written <first>");
    assertThat(passage.select("a").attr("href")).isEqualTo("file:///docs/log.html#order");
    assertThat(page.select("a.cite.partial").text()).isEqualTo("[2]");
    assertThat(page.select("details.partial .verdict").text()).isEqualTo("partial");
    assertThat(page.select("details.partial figcaption a")).as("no address that runs").isEmpty();
    assertThat(page.select("code").eachText()).containsExactly("a[1]", "code [1]");
    assertThat(page.select("main table td")).hasSize(2);
    assertThat(page.select("main li a").eachAttr("href"))
        .containsExactly("file:///docs/log.html#order", "file:///docs/commit.md");
  }

  @Test
  void showsWhatANumberStandsFor() {
    assertThat(report().citation(1))
        .singleElement()
        .satisfies(
            c -> {
              assertThat(c.key()).isEqualTo("s0000000001");
              assertThat(c.verdict()).isEqualTo("supported");
            });
    assertThatThrownBy(() -> report().citation(3))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("no_such_citation"));
  }

  @Test
  void refusesARecordThatBelongsToAnotherText() {
    byte[] record = Json.write(report().record()).getBytes(StandardCharsets.UTF_8);
    byte[] other = (MARKDOWN + " ").getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> new SubmittedReport(other, record))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("report_mismatch"));
  }
}
