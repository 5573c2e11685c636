package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.choir.core.CanonicalJson;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.erdtman.jcs.JsonCanonicalizer;
import org.junit.jupiter.api.Test;

/** The JSON that is hashed, against any bytes and against another implementation of RFC 8785. */
class JsonFuzzTest {
  private static final int ROUNDS = 20_000;
  private static final String[] SPECIAL = {
    "\"", "\\", "{", "}", "[", "]", ":", ",", "1e3", "-0", "\\ud800", "\\u0000", "NaN", "01",
    "\u0000"
  };

  @Test
  void anyTextIsRefusedOrHasOneCanonicalFormThatReadsBackTheSame() throws IOException {
    SplittableRandom random = seeded("bytes");
    int refused = 0;
    int read = 0;
    for (int i = 0; i < ROUNDS; i++) {
      byte[] bytes = mutated(random, CanonicalJson.bytes(value(random, 0)));
      try {
        byte[] canonical = CanonicalJson.bytes(Json.parse(bytes));
        assertThat(CanonicalJson.bytes(Json.parse(canonical))).isEqualTo(canonical);
        String enclosed = "[" + new String(canonical, StandardCharsets.UTF_8) + "]";
        assertThat(new JsonCanonicalizer(enclosed).getEncodedString()).isEqualTo(enclosed);
        read++;
      } catch (ChoirException e) {
        assertThat(e.code()).isEqualTo("bad_json");
        assertThat(e.getMessage()).hasSizeLessThan(800);
        refused++;
      } catch (IllegalArgumentException e) {
        // A fraction, a large integer or a lone surrogate: JSON, but not hashed.
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(ROUNDS / 4);
    assertThat(read).isGreaterThan(ROUNDS / 20);
  }

  @Test
  void theCanonicalFormIsThatOfAnotherImplementationHoweverTheFieldsAreOrdered()
      throws IOException {
    SplittableRandom random = seeded("values");
    for (int i = 0; i < 5_000; i++) {
      ObjectNode value = object(random, 0);
      byte[] canonical = CanonicalJson.bytes(value);
      assertThat(canonical)
          .isEqualTo(new JsonCanonicalizer(Json.pretty(value)).getEncodedUTF8())
          .isEqualTo(CanonicalJson.bytes(backwards(value)));
    }
  }

  @Test
  void refusesADuplicateFieldDeepNestingAndWhatFollowsTheValue() {
    for (String bad :
        List.of(
            "{\"amount\":1,\"amount\":9999}",
            "{\"a\":{\"b\":1,\"\\u0062\":2}}",
            "[".repeat(5_000),
            "{\"a\":".repeat(101) + "1" + "}".repeat(101),
            "{} {}",
            "",
            "{\"a\":01}",
            "{'a':1}",
            "{\"a\":NaN}",
            "{\"a\":\"\n\"}")) {
      assertThatThrownBy(() -> Json.parse(bad))
          .as(bad.substring(0, Math.min(40, bad.length())))
          .isInstanceOfSatisfying(
              ChoirException.class, e -> assertThat(e.code()).isEqualTo("bad_json"));
    }
  }

  private static ObjectNode backwards(ObjectNode value) {
    ObjectNode turned = Json.object();
    List<String> names = new java.util.ArrayList<>();
    value.fieldNames().forEachRemaining(names::add);
    names.reversed().forEach(name -> turned.set(name, value.get(name)));
    return turned;
  }

  private static JsonNode value(SplittableRandom random, int depth) {
    return switch (random.nextInt(depth > 3 ? 4 : 6)) {
      case 0 -> Json.array().add(random.nextLong(-(1L << 53) + 1, 1L << 53)).get(0);
      case 1 -> Json.array().add(text(random)).get(0);
      case 2 -> Json.array().add(random.nextBoolean()).get(0);
      case 3 -> Json.array().addNull().get(0);
      case 4 -> {
        ArrayNode array = Json.array();
        for (int i = random.nextInt(5); i > 0; i--) {
          array.add(value(random, depth + 1));
        }
        yield array;
      }
      default -> object(random, depth);
    };
  }

  private static ObjectNode object(SplittableRandom random, int depth) {
    ObjectNode object = Json.object();
    for (int i = random.nextInt(6); i > 0; i--) {
      object.set(text(random), value(random, depth + 1));
    }
    return object;
  }

  /** Code points of every kind, without lone surrogates. */
  private static String text(SplittableRandom random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(8); i > 0; i--) {
      int limit = new int[] {0x20, 0x80, 0x800, 0x10000, 0x110000}[random.nextInt(5)];
      int point = random.nextInt(limit);
      text.appendCodePoint(point >= 0xd800 && point < 0xe000 ? '\u20ac' : point);
    }
    return text.toString();
  }

  private static byte[] mutated(SplittableRandom random, byte[] original) {
    byte[] bytes = original;
    for (int i = random.nextInt(3); i >= 0; i--) {
      int at = random.nextInt(bytes.length + 1);
      byte[] more = SPECIAL[random.nextInt(SPECIAL.length)].getBytes(StandardCharsets.UTF_8);
      bytes =
          switch (random.nextInt(3)) {
            case 0 -> Arrays.copyOf(bytes, at);
            case 1 -> spliced(bytes, at, more, 0);
            default -> spliced(bytes, at, more, Math.min(more.length, bytes.length - at));
          };
    }
    return bytes;
  }

  private static byte[] spliced(byte[] bytes, int at, byte[] more, int dropped) {
    byte[] out = Arrays.copyOf(bytes, bytes.length + more.length - dropped);
    System.arraycopy(more, 0, out, at, more.length);
    System.arraycopy(bytes, at + dropped, out, at + more.length, bytes.length - at - dropped);
    return out;
  }

  private static SplittableRandom seeded(String what) {
    long seed = new SplittableRandom().nextLong();
    System.out.println("JsonFuzzTest " + what + " seed " + seed);
    return new SplittableRandom(seed);
  }
}
