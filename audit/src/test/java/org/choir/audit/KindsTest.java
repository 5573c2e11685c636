package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.TreeSet;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KindsTest {
  private static final EventKind DECIDED = Kinds.shipped().toWrite("action.decided");

  private static ObjectNode decided() {
    return Json.object()
        .put("action", "r0abc12345:1:1")
        .put("operation", "execute")
        .put("replay", "READ_ONLY")
        .put("digest", "d".repeat(64))
        .put("verdict", "ALLOW")
        .put("rule", "plain/in-vm")
        .put("reason", "because");
  }

  @Test
  void everyKindHasAFixtureAndASentenceInEveryLanguageThatNamesOnlyItsFields() {
    TreeSet<String> told = new TreeSet<>();
    EventFixtures.all().forEach(e -> told.add(e.kind()));
    for (EventKind kind : Kinds.shipped().all()) {
      assertThat(told).contains(kind.name());
      for (String locale : ProseLanguage.SHIPPED) {
        ProseLanguage words = ProseLanguage.of(Prose.RENDERER, locale);
        assertThat(words.has(kind.id())).as("%s in %s", kind.id(), locale).isTrue();
        TreeSet<String> known = new TreeSet<>(kind.fields().keySet());
        known.add("actor");
        assertThat(known).containsAll(words.template(kind.id()).fields());
      }
    }
  }

  @Test
  void takesAnEventApartIntoPublicDigestsAndPersonal() {
    EventKind.Parts parts = DECIDED.take(decided());
    assertThat(parts.subject()).isEqualTo("r0abc12345:1:1");
    assertThat(parts.verdict()).isEqualTo("ALLOW");
    assertThat(parts.digests().fieldNames()).toIterable().containsExactly("digest");
    assertThat(parts.data().fieldNames())
        .toIterable()
        .containsExactlyInAnyOrder("operation", "replay", "rule");
    assertThat(parts.personal().fieldNames()).toIterable().containsExactly("reason");
  }

  @Test
  void refusesAnUnknownKind() {
    assertThatThrownBy(() -> Kinds.shipped().toWrite("action.dreamt"))
        .isInstanceOf(EventRefusedException.class)
        .hasMessageContaining("action.dreamt");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "{\"extra\":1};no field",
        "{\"digest\":\"abc\"};is no digest",
        "{\"verdict\":\"two words\"};is no id",
        "{\"operation\":1.5};operation",
        "{\"arguments\":{\"x\":1.5}};arguments",
        "{\"rule\":null};is no id"
      })
  void refusesAFieldThatIsNotAsRegistered(String change, String why) {
    ObjectNode data = decided();
    data.setAll(Json.parseObject(change));
    assertThatThrownBy(() -> DECIDED.take(data))
        .isInstanceOf(EventRefusedException.class)
        .hasMessageContaining(why);
  }

  @Test
  void refusesAMissingFieldAndATextThatIsTooLong() {
    ObjectNode missing = decided();
    missing.remove("rule");
    assertThatThrownBy(() -> DECIDED.take(missing)).hasMessageContaining("'rule' is missing");
    ObjectNode longName = decided().put("operation", "x".repeat(2_001));
    assertThatThrownBy(() -> DECIDED.take(longName)).hasMessageContaining("'operation'");
  }

  @Test
  void aLeafIsCanonicalJsonAndReadsBackAsItself() {
    for (Story.Told told : EventFixtures.told()) {
      byte[] bytes = told.leaf().bytes();
      assertThat(Leaf.parse(bytes)).isEqualTo(told.leaf());
      assertThat(new String(bytes, java.nio.charset.StandardCharsets.UTF_8))
          .doesNotContain("\n")
          .contains("\"schema\":\"choir.audit/1\"");
    }
  }

  @Test
  void personalFieldsAreNotInTheLeaf() {
    for (Story.Told told : EventFixtures.told()) {
      String leaf = new String(told.leaf().bytes(), java.nio.charset.StandardCharsets.UTF_8);
      if (told.personal() instanceof Prose.Personal.Known known) {
        known
            .fields()
            .properties()
            .forEach(f -> assertThat(leaf).doesNotContain(f.getValue().toString()));
      }
    }
  }

  @Test
  void anEntryThatIsNotCanonicalIsNoEvent() {
    String good =
        new String(
            EventFixtures.told().getFirst().leaf().bytes(),
            java.nio.charset.StandardCharsets.UTF_8);
    for (String bad :
        new String[] {
          good.replace("{\"", "{ \""),
          good.replace("choir.audit/1", "choir.audit/9"),
          good.replace("\"tenant\"", "\"zzz\":1,\"tenant\""),
          good + " ",
          "",
          "[]",
          "{}",
          "\u0000"
        }) {
      assertThatThrownBy(
              () -> Leaf.parse(bad.getBytes(java.nio.charset.StandardCharsets.UTF_8)), bad)
          .isInstanceOf(ChoirException.class)
          .hasMessageContaining("no event");
    }
  }

  @Test
  void theLeafHashIsTheOneOfTheTree() {
    byte[] entry = EventFixtures.told().getFirst().leaf().bytes();
    assertThat(Leaf.hash(entry)).isEqualTo(TreeHash.ofEntry(entry));
    assertThat(Leaf.hash(new byte[0]))
        .isEqualTo(new Digest("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"));
  }
}
