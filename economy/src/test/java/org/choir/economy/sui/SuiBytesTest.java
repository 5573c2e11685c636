package org.choir.economy.sui;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.choir.core.Json;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The same bytes, digests, addresses and signatures as {@code @mysten/sui} makes. */
class SuiBytesTest {
  /** Making a key is the slowest part of the other side. */
  private static final int KEYS = 40;

  @BeforeAll
  static void install() {
    SuiOracle.install("byte equality with @mysten/sui was not checked");
  }

  private static long seed() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    return seed;
  }

  private static void compare(int count) {
    RandomTransactions random = new RandomTransactions(new SplittableRandom(seed()));
    List<ObjectNode> questions = new ArrayList<>();
    List<TransactionData> all = new ArrayList<>();
    List<String> seeds = new ArrayList<>();
    List<String> sponsors = new ArrayList<>();
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < KEYS; i++) {
      keys.add(HexFormat.of().formatHex(random.bytes(32)));
    }
    for (int i = 0; i < count; i++) {
      TransactionData data = random.next();
      String seed = keys.get(i % KEYS);
      String sponsor = keys.get((i + 1 + i / KEYS) % KEYS);
      all.add(data);
      seeds.add(seed);
      sponsors.add(sponsor);
      ObjectNode question = Json.object().put("seed", seed).put("sponsorSeed", sponsor);
      question.set("transaction", RandomTransactions.words(data));
      questions.add(question);
    }
    List<ObjectNode> answers = SuiOracle.ask("oracle.mjs", questions);
    for (int i = 0; i < count; i++) {
      ObjectNode answer = answers.get(i);
      byte[] bytes = all.get(i).bytes();
      String what = "transaction " + i;
      assertThat(RandomTransactions.base64(bytes))
          .as(what)
          .isEqualTo(answer.path("bytes").textValue());
      assertThat(TransactionData.digest(bytes))
          .as(what)
          .isEqualTo(answer.path("digest").textValue());
      byte[] publicKey = Base64.getDecoder().decode(answer.path("publicKey").textValue());
      assertThat(SuiAddress.ofKey(publicKey))
          .as(what)
          .hasToString(answer.path("address").textValue());
      assertThat(signature(bytes, seeds.get(i), publicKey))
          .as(what)
          .isEqualTo(answer.path("signature").textValue());
      TreasuryKey sponsor = TreasuryKey.ofSeed(HexFormat.of().parseHex(sponsors.get(i)));
      byte[] signed = sponsor.sign(TransactionData.signed(bytes));
      assertThat(TransactionData.serialized(signed, sponsor.publicKey()))
          .as(what)
          .isEqualTo(answer.path("sponsorSignature").textValue());
      assertThat(TreasuryKey.parse(answer.path("secret").textValue()).publicKey())
          .as(what)
          .isEqualTo(publicKey);
      assertThat(TransactionReader.read(bytes).bytes()).as(what).isEqualTo(bytes);
    }
  }

  private static String signature(byte[] bytes, String seed, byte[] publicKey) {
    byte[] signature =
        Ed25519.sign(
            Ed25519.privateKey(HexFormat.of().parseHex(seed)), TransactionData.signed(bytes));
    assertThat(Ed25519.verifies(publicKey, TransactionData.signed(bytes), signature)).isTrue();
    return TransactionData.serialized(signature, publicKey);
  }

  @Test
  void aThousandRandomTransactionsAreTheSameBytes() {
    compare(1_000);
  }

  @Test
  @Tag("long")
  void tenThousandRandomTransactionsAreTheSameBytes() {
    compare(10_000);
  }

  @Test
  void valuesOfEveryKindAreTheSameBytes() {
    SplittableRandom random = new SplittableRandom(seed());
    RandomTransactions transactions = new RandomTransactions(random);
    List<ObjectNode> questions = new ArrayList<>();
    List<List<String>> wanted = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      List<String> own = new ArrayList<>();
      ObjectNode question = Json.object();
      ArrayNode values = question.putArray("values");
      for (int bits : new int[] {8, 16, 32, 64, 128, 256}) {
        BigInteger value = new BigInteger(1, transactions.bytes(bits / 8));
        value = value.shiftRight(random.nextInt(bits));
        values.addArray().add("u" + bits).add(value.toString());
        own.add(
            RandomTransactions.base64(
                switch (bits) {
                  case 8 -> new BcsWriter().u8(value.intValue()).done();
                  case 16 -> new BcsWriter().u16(value.intValue()).done();
                  case 32 -> new BcsWriter().u32(value.longValue()).done();
                  case 64 -> new BcsWriter().u64(value.longValue()).done();
                  case 128 -> new BcsWriter().u128(value).done();
                  default -> new BcsWriter().u256(value).done();
                }));
      }
      boolean flag = random.nextBoolean();
      values.addArray().add("bool").add(flag);
      own.add(RandomTransactions.base64(new BcsWriter().bool(flag).done()));
      String text = "grüße \u4f60 \ud83d\ude80".substring(random.nextInt(6)).repeat(i % 30);
      values.addArray().add("string").add(text);
      own.add(RandomTransactions.base64(new BcsWriter().string(text).done()));
      SuiAddress address = transactions.address();
      values.addArray().add("option<address>").add(address.toString());
      BcsWriter some = new BcsWriter();
      own.add(RandomTransactions.base64(some.option(Optional.of(address), some::address).done()));
      values.addArray().add("option<u8>").addNull();
      BcsWriter none = new BcsWriter();
      own.add(RandomTransactions.base64(none.option(Optional.<Integer>empty(), none::u8).done()));
      List<Long> numbers = random.longs(random.nextInt(200)).boxed().toList();
      ArrayNode list = values.addArray().add("vector<u64>").addArray();
      numbers.forEach(number -> list.add(Long.toUnsignedString(number)));
      BcsWriter vector = new BcsWriter();
      own.add(RandomTransactions.base64(vector.vector(numbers, vector::u64).done()));
      questions.add(question);
      wanted.add(own);
    }
    List<ObjectNode> answers = SuiOracle.ask("oracle.mjs", questions);
    for (int i = 0; i < answers.size(); i++) {
      List<String> theirs = new ArrayList<>();
      answers.get(i).path("values").forEach(value -> theirs.add(value.textValue()));
      assertThat(wanted.get(i)).as("values " + i).isEqualTo(theirs);
    }
  }

  @Test
  void aTypeIsReadAsItIsWritten() {
    SplittableRandom random = new SplittableRandom(seed());
    RandomTransactions transactions = new RandomTransactions(random);
    for (int i = 0; i < 500; i++) {
      TypeTag type = transactions.type(0);
      assertThat(TypeTag.parse(type.toString())).isEqualTo(type);
    }
    assertThat(TypeTag.parse("0x2::coin::Coin<0x2::sui::SUI>").toString())
        .endsWith("2::coin::Coin<0x" + "0".repeat(63) + "2::sui::SUI>");
    for (String bad :
        List.of("", "u7", "vector", "vector<u8", "0x2::coin", "0x2::c::D<>", "u8>", "0xg::a::b")) {
      assertThatThrownBy(() -> TypeTag.parse(bad)).as(bad).isInstanceOf(Exception.class);
    }
  }

  @Test
  void whatIsNotCanonicalIsNotRead() {
    for (String bad : List.of("8000", "ffffffffff01", "80", "8080808010")) {
      assertThatThrownBy(() -> new BcsReader(HexFormat.of().parseHex(bad)).uleb())
          .as(bad)
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> new BcsReader(new byte[] {2}).bool())
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new BcsWriter().u8(256)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new BcsWriter().u16(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Hashes.digest("1")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Hashes.digest("0".repeat(43)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
