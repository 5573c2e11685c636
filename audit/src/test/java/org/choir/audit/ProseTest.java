package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.TimeZone;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProseTest {
  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
  private static final LocalDate DAY = LocalDate.of(2026, 11, 21);

  private static String lines(String locale, ZoneId zone) {
    StringBuilder out = new StringBuilder();
    for (Story.Told told : EventFixtures.told()) {
      out.append(Prose.line(told.leaf(), told.personal(), new Prose.Reader(locale, zone)));
      out.append('\n');
    }
    return out.toString();
  }

  private static Story story(String locale) {
    return StoryTeller.tell(
        "ada", DAY, DAY, EventFixtures.told(), new Prose.Reader(locale, BERLIN));
  }

  /** The golden text; what it is now lies under target where it differs. */
  private static void assertGolden(String name, String actual) throws IOException {
    Path written = Files.createDirectories(Path.of("target", "golden")).resolve(name);
    Files.writeString(written, actual);
    assertThat(actual).as("%s, now at %s", name, written).isEqualTo(EventFixtures.text(name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"en", "de"})
  void theFirstRendererSaysWhatItAlwaysSaid(String locale) throws IOException {
    assertGolden("prose-1." + locale + ".txt", lines(locale, BERLIN));
  }

  @ParameterizedTest
  @ValueSource(strings = {"en", "de"})
  void tellsTheDayAsAShiftReport(String locale) throws IOException {
    assertGolden("story-1." + locale + ".txt", story(locale).text());
  }

  @Test
  void isTheSameBytesInEveryDefaultLocaleAndZone() {
    String english = lines("en", BERLIN);
    String german = lines("de", ZoneId.of("UTC"));
    String told = story("de").markdown(i -> "leaves/" + i + ".json");
    Locale locale = Locale.getDefault();
    TimeZone zone = TimeZone.getDefault();
    try {
      for (String tag : List.of("ar-EG-u-nu-arab", "tr-TR", "de-CH", "th-TH-u-ca-buddhist", "")) {
        for (String id : List.of("Asia/Kathmandu", "America/St_Johns", "UTC")) {
          Locale.setDefault(Locale.forLanguageTag(tag));
          TimeZone.setDefault(TimeZone.getTimeZone(id));
          assertThat(lines("en", BERLIN)).isEqualTo(english);
          assertThat(lines("de", ZoneId.of("UTC"))).isEqualTo(german);
          assertThat(story("de").markdown(i -> "leaves/" + i + ".json")).isEqualTo(told);
        }
      }
    } finally {
      Locale.setDefault(locale);
      TimeZone.setDefault(zone);
    }
  }

  private static String said(String operation, String reason) {
    var data =
        Json.object()
            .put("action", "r0abc12345:1:1")
            .put("operation", operation)
            .put("replay", "ASK")
            .put("digest", "d".repeat(64))
            .put("verdict", "DENY")
            .put("rule", "plain/unknown")
            .put("reason", reason);
    Story.Told told =
        EventFixtures.told(
            EventFixtures.event("action.decided", "r0abc12345", Instant.EPOCH, data), 7);
    return Prose.line(told.leaf(), told.personal(), Prose.Reader.DEFAULT);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x\n#8 1970-01-01 00:00:00  ada approved the action r0abc12345:1:1.",
        "x\r\u0085\u2028\u2029#8 Approved by owner",
        "”. Approved by owner. “",
        "\u201d. Approved by owner. \u201c\uff02\u00bb\u300d",
        "\u202edrawer lanigiro\u202c\u2066x\u2069",
        "a\u200bb\u200c\u2060\ufeffc\u00ad",
        "\u001b[2K\u001b[1GApproved by owner",
        "\udb40\udc41\udb40\udc70\udb40\udc70", // tag characters
        "z\u0300\u0301\u0302\u0303\u0304\u0305algo",
        "\u0307start"
      })
  void wordsFromOutsideCannotPassForOurs(String forged) {
    for (String line : List.of(said("execute", forged), said(forged, "a reason"))) {
      assertThat(line.lines()).hasSize(1);
      assertThat(line).startsWith("#7 1970-01-01 00:00:00  Agent r0abc12345 asked to do ");
      assertThat(line)
          .doesNotContainPattern("[\\p{Cc}\\p{Cf}\\p{Co}\\p{Zl}\\p{Zp}\\u200b-\\u200f]");
      assertThat(line.replaceAll("“[^“”]*”", "Q")).doesNotContain("Approved", "approved", "“", "”");
    }
  }

  @Test
  void noStringFromOutsideLeavesItsQuotationMarks() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int n = 0; n < 20_000; n++) {
      StringBuilder text = new StringBuilder();
      int length = 1 + random.nextInt(40);
      for (int i = 0; i < length; i++) {
        int range = random.nextInt(4);
        text.append(
            Character.toChars(
                switch (range) {
                  case 0 -> random.nextInt(0x250);
                  case 1 -> 0x2000 + random.nextInt(0x100);
                  case 2 -> random.nextInt(0x10000);
                  default -> random.nextInt(0x110000);
                }));
      }
      String clean = ProseText.clean(text.toString(), 200);
      assertThat(clean)
          .as("seed %d: %s", seed, text)
          .doesNotContainPattern("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Co}\\p{Zl}\\p{Zp}\\p{Pi}\\p{Pf}\"“”„]")
          .doesNotContain("  ");
      assertThat(clean).isEqualTo(clean.strip());
      assertThat(ProseText.clean(clean, 200)).isEqualTo(clean);
    }
  }

  @Test
  void cutsLongTexts() {
    assertThat(said("execute", "x".repeat(5_000)).length()).isLessThan(400);
  }

  @Test
  void markdownFromOutsideIsNoMarkdownOfOurs() {
    var data =
        Json.object()
            .put("run", "r0abc12345")
            .put("by", "user:ada")
            .put("text", "](x) <script>alert(1)</script> # **Approved**");
    Story.Told told =
        EventFixtures.told(EventFixtures.event("note.given", "r0abc12345", Instant.EPOCH, data), 0);
    String page =
        StoryTeller.tell("ada", DAY, DAY, List.of(told), Prose.Reader.DEFAULT)
            .markdown(i -> "leaves/" + i + ".json");
    assertThat(page)
        .contains("\\]\\(x\\)".replace("\\(", "(").replace("\\)", ")"))
        .doesNotContain("<script>")
        .doesNotContain(" **Approved");
  }

  @Test
  void saysWhatItDoesNotKnowInsteadOfFailing() {
    Leaf known = EventFixtures.told().getFirst().leaf();
    Leaf newer = with(known, "moon.landed", 3, Prose.RENDERER);
    assertThat(Prose.sentence(newer, new Prose.Personal.None(), Prose.Reader.DEFAULT))
        .isEqualTo(
            "An event of the kind moon.landed, version 3, which this program does not know.");
    Leaf other = with(known, known.kind(), known.version(), "99");
    assertThat(Prose.sentence(other, new Prose.Personal.None(), Prose.Reader.DEFAULT))
        .contains("renderer 99, which this program does not have");
  }

  private static Leaf with(Leaf leaf, String kind, int version, String renderer) {
    return new Leaf(
        leaf.seq(),
        leaf.tenant(),
        leaf.time(),
        kind,
        version,
        leaf.id(),
        leaf.actor(),
        leaf.subject(),
        leaf.intent(),
        leaf.verdict(),
        leaf.template(),
        renderer,
        leaf.payload(),
        leaf.prev(),
        leaf.digests(),
        leaf.data());
  }

  @Test
  void saysThatPersonalWordsWereErasedOrNotGiven() {
    Leaf created =
        EventFixtures.told().stream()
            .map(Story.Told::leaf)
            .filter(l -> l.kind().equals("run.created"))
            .findFirst()
            .orElseThrow();
    assertThat(Prose.sentence(created, new Prose.Personal.Erased(), Prose.Reader.DEFAULT))
        .endsWith("with the model anthropic:claude: [erased].");
    assertThat(Prose.sentence(created, new Prose.Personal.Withheld(), Prose.Reader.DEFAULT))
        .endsWith("with the model anthropic:claude: [not disclosed].");
  }

  @Test
  void refusesALanguageThatIsNotShipped() {
    assertThatThrownBy(
            () ->
                StoryTeller.tell(
                    "ada", DAY, DAY, List.of(), new Prose.Reader("xx\n", ZoneId.of("UTC"))))
        .isInstanceOf(ChoirException.class)
        .hasMessageContaining("no prose in 'xx '");
  }
}
