package org.choir.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class CanonicalJsonTest {

  @Test
  void sortsNamesByUtf16CodeUnitsAndDropsSpace() {
    // From RFC 8785, 3.2.3: the astral character sorts before U+FB33 because its first code unit is
    // 0xD83D.
    String text =
        "{\"\\u20ac\":1, \"\\r\":2, \"\\ufb33\":3, \"1\":4, \"\\ud83d\\ude00\":5, \"\\u0080\":6, \"\\u00f6\":7}";
    assertThat(CanonicalJson.text(Json.parse(text)))
        .isEqualTo("{\"\\r\":2,\"1\":4,\"\u0080\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\ufb33\":3}");
  }

  @Test
  void escapesOnlyWhatTheRfcNames() {
    assertThat(CanonicalJson.text(Json.parse("[\"\\u000f\\n\\/\\u003c\\\"\\\\\"]")))
        .isEqualTo("[\"\\u000f\\n/<\\\"\\\\\"]");
  }

  @Test
  void refusesFractionsHugeIntegersAndLoneSurrogates() {
    assertThatThrownBy(() -> CanonicalJson.text(Json.parse("1.5")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> CanonicalJson.text(Json.parse("9007199254740992")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> CanonicalJson.text(Json.parse("\"\\ud83d\"")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(CanonicalJson.text(Json.parse("-9007199254740991"))).isEqualTo("-9007199254740991");
  }

  @Test
  void sameValueInAnotherOrderHasTheSameDigest() {
    assertThat(CanonicalJson.digest(Json.parse("{\"b\":[1,null,true],\"a\":\"x\"}")))
        .isEqualTo(
            CanonicalJson.digest(Json.parse(" { \"a\" : \"x\", \"b\" : [ 1, null, true ] } ")));
  }
}
