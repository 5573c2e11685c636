package org.choir.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.junit.jupiter.api.Test;

class NoteTest {
  /** The example in the documentation of Go's package sumdb/note. */
  private static final String GO_KEY =
      "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

  private static final String GO_NOTE =
      """
      If you think cryptography is the answer to your problem,
      then you don't know what your problem is.

      — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
      """;

  @Test
  void verifiesANoteThatGoSigned() {
    NoteKey key = NoteKey.parse(GO_KEY);
    assertThat(key.vkey()).isEqualTo(GO_KEY);
    assertThat(key.verifies(Note.parse(GO_NOTE))).isTrue();
    assertThat(Note.parse(GO_NOTE).format()).isEqualTo(GO_NOTE);
    assertThat(key.verifies(Note.parse(GO_NOTE.replace("answer", "Answer")))).isFalse();
  }

  @Test
  void ignoresUnknownSignaturesButNotABadOneOfAKnownKey() {
    Note note = Note.parse(Fixture.KEY.sign("text\n"));
    LogKey other = LogKey.generate("other.test", new SecureRandom());
    Note both =
        new Note("text\n", List.of(other.signature("text\n", 0), note.signatures().getFirst()));
    assertThat(Fixture.KEY.shown().verifies(both)).isTrue();
    Note.Signature good = note.signatures().getFirst();
    byte[] bytes = good.bytes().clone();
    bytes[5] ^= 1;
    Note spoilt =
        new Note("text\n", List.of(good, new Note.Signature(good.name(), good.keyId(), bytes)));
    assertThat(Fixture.KEY.shown().verifies(spoilt)).isFalse();
    assertThat(Fixture.KEY.shown().verifies(new Note("text\n", List.of()))).isFalse();
  }

  @Test
  void aLogsKeyOfTheSameBytesUnderAnotherNameIsAnotherKey() {
    String vkey = Fixture.KEY.shown().vkey();
    assertThatThrownBy(() -> NoteKey.parse(vkey.replace("acme", "evil")))
        .isInstanceOfSatisfying(LogException.class, e -> assertThat(e.code()).isEqualTo("bad_key"));
  }

  @Test
  void refusesMalformedKeys() {
    String vkey = Fixture.KEY.shown().vkey();
    for (String bad :
        List.of("", "a", "a+b", "a b+00000000+AQ==", vkey + "A", vkey + "=", "+00000000+AQ==")) {
      assertThatThrownBy(() -> NoteKey.parse(bad)).as(bad).isInstanceOf(LogException.class);
    }
  }

  @Test
  void refusesMalformedNotes() {
    String note = Fixture.KEY.sign("text\n");
    for (String bad :
        List.of(
            "",
            "\n",
            "\n\n",
            "text\n",
            "text\n\n",
            note.substring(0, note.length() - 1),
            note + "\n",
            note + "- name AAAAAAA=\n",
            note.replace("text", "te\txt"),
            note.replace("text", "te\rxt"),
            note.replace("— " + Fixture.ORIGIN, "— a+b"),
            note.replace("— " + Fixture.ORIGIN, "— "),
            note + "— name AAAA\n")) {
      assertThatThrownBy(() -> Note.parse(bad)).as(bad).isInstanceOf(LogException.class);
    }
    byte[] notUtf8 = note.getBytes(StandardCharsets.UTF_8);
    notUtf8[0] = (byte) 0xff;
    assertThatThrownBy(() -> Note.parse(notUtf8)).isInstanceOf(LogException.class);
    assertThatThrownBy(() -> Note.parse(new byte[Note.BYTES_MAX + 1]))
        .isInstanceOf(LogException.class);
  }

  @Test
  void aCosignatureStatesItsTimeAndDoesNotPassAsALogsSignature() {
    LogKey witness = LogKey.witness("witness.test", new SecureRandom());
    String text = new Checkpoint(Fixture.ORIGIN, 5, Digest.of("x"), List.of()).text();
    Note note = new Note(text, List.of(witness.signature(text, 1_700_000_000L)));
    NoteKey key = NoteKey.parse(witness.shown().vkey());
    assertThat(key.isWitness()).isTrue();
    assertThat(key.cosignedAt(note)).isEqualTo(Optional.of(1_700_000_000L));
    byte[] later = note.signatures().getFirst().bytes().clone();
    later[7] ^= 1;
    Note moved = new Note(text, List.of(new Note.Signature("witness.test", key.id(), later)));
    assertThat(key.cosignedAt(moved)).isEmpty();
  }

  @Test
  void readsOnlyTheCanonicalFormOfACheckpoint() {
    String good = new Checkpoint("a.test/b", 12, Digest.of("x"), List.of("more")).text();
    assertThat(Checkpoint.parse(good).text()).isEqualTo(good);
    for (String bad :
        List.of(
            good.replace("12", "012"),
            good.replace("12", "-1"),
            good.replace("12", "+12"),
            good.replace("12", "9223372036854775808"),
            good.replace("12", "1e3"),
            good.replace("a.test/b\n", "\n"),
            good.replace("more\n", "\n"),
            good.substring(0, good.length() - 1),
            "a.test/b\n12\n",
            "a.test/b\n12\nAAAA\n")) {
      assertThatThrownBy(() -> Checkpoint.parse(bad)).as(bad).isInstanceOf(LogException.class);
    }
  }

  @Test
  void aProofSurvivesItsTextAndNamesNothingElse() {
    Digest root = TreeHash.ofEntry(Fixture.entry(0));
    String note = Fixture.KEY.sign(new Checkpoint(Fixture.ORIGIN, 1, root, List.of()).text());
    for (byte[] extra : List.of(new byte[0], new byte[] {1, 2})) {
      ProofText proof = new ProofText(0, extra, List.of(), note);
      ProofText read = ProofText.parse(proof.format());
      assertThat(read.format()).isEqualTo(proof.format());
      assertThat(read.extra()).isEqualTo(extra);
      NoteKey key = Fixture.KEY.shown();
      assertThat(read.verify(Fixture.entry(0), Fixture.ORIGIN, key).size()).isEqualTo(1);
      requireFails(() -> read.verify(Fixture.entry(1), Fixture.ORIGIN, key), "proof_fails");
      requireFails(() -> read.verify(Fixture.entry(0), "choir.test/other", key), "proof_fails");
      NoteKey wrong = LogKey.generate(Fixture.ORIGIN, new SecureRandom()).shown();
      requireFails(() -> read.verify(Fixture.entry(0), Fixture.ORIGIN, wrong), "bad_signature");
    }
    String good = new ProofText(0, new byte[0], List.of(root), note).format();
    for (String bad :
        List.of(
            "",
            good.replace("@v1", "@v2"),
            good.replace("index 0", "index 00"),
            good.replace("index 0\n", ""),
            good.replace("index", "extra AA==\nextra AA==\nindex"),
            good.replaceFirst("\n\n", "\n"),
            good.replaceFirst("\n\n", "\nAAAA\n\n"))) {
      assertThatThrownBy(() -> ProofText.parse(bad)).as(bad).isInstanceOf(LogException.class);
    }
  }

  private static void requireFails(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String code) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ChoirException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void aTilePathHasOneSpelling() {
    assertThat(new TilePath(0, 1_234_067, 256).text()).isEqualTo("tile/0/x001/x234/067");
    assertThat(new TilePath(TilePath.ENTRIES, 0, 17).text()).isEqualTo("tile/entries/000.p/17");
    SplittableRandom random = seeded("paths");
    for (int i = 0; i < 20_000; i++) {
      TilePath path =
          new TilePath(
              random.nextInt(-1, 64),
              random.nextLong(1L << random.nextInt(1, 59)),
              random.nextInt(1, 257));
      assertThat(TilePath.parse(path.text())).contains(path);
    }
    for (String bad :
        List.of(
            "tile/00/000",
            "tile/64/000",
            "tile/0/0",
            "tile/0/x000/001",
            "tile/0/1000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p",
            "tile/-1/000",
            "tile/0/x001",
            "tile/0/../0/000",
            "tile/0/000/",
            "/tile/0/000",
            "tile/entries/x1/000")) {
      assertThat(TilePath.parse(bad)).as(bad).isEmpty();
    }
  }

  @Test
  void parsersMeetAnyBytesWithTheirOwnFailureOnly() {
    SplittableRandom random = seeded("fuzz");
    Digest root = TreeHash.ofEntry(Fixture.entry(0));
    String note = Fixture.KEY.sign(new Checkpoint(Fixture.ORIGIN, 1, root, List.of()).text());
    String proof = new ProofText(0, new byte[] {9}, List.of(root, root), note).format();
    byte[] bundle = TileEntries.encode(List.of(new byte[3], new byte[300], new byte[0]));
    byte[] segment = LogFrame.header(new LogFrame.Header(1, 0, 1));
    byte[] frame = LogFrame.frame(0, List.of(new byte[5], new byte[9]));
    byte[] both = Arrays.copyOf(segment, segment.length + frame.length);
    System.arraycopy(frame, 0, both, segment.length, frame.length);
    Anchor anchor =
        Anchor.next(
            Fixture.KEY,
            Optional.empty(),
            Checkpoint.parse(Note.parse(note).text()),
            java.time.Instant.ofEpochSecond(7));
    int refused = 0;
    for (int i = 0; i < 30_000; i++) {
      refused += refuses(() -> Note.parse(mutated(random, note)));
      refused += refuses(() -> Checkpoint.parse(text(mutated(random, note))));
      refused += refuses(() -> ProofText.parse(text(mutated(random, proof))));
      refused += refuses(() -> NoteKey.parse(text(mutated(random, GO_KEY))));
      refused += refuses(() -> Anchor.parse(text(mutated(random, anchor.note())), new byte[0]));
      refused += refuses(() -> TileEntries.decode(mutated(random, bundle)));
      refused += refuses(() -> LogFrame.read(mutated(random, both)));
      refused += refuses(() -> TilePath.parse(text(mutated(random, "tile/0/x001/234.p/17"))));
    }
    assertThat(refused).isGreaterThan(50_000);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static int refuses(Runnable parser) {
    try {
      parser.run();
      return 0;
    } catch (LogException expected) {
      assertThat(expected.getMessage()).hasSizeLessThan(800);
      return 1;
    }
  }

  private static byte[] mutated(SplittableRandom random, String text) {
    return mutated(random, text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] mutated(SplittableRandom random, byte[] original) {
    byte[] bytes = original.clone();
    int changes = random.nextInt(1, 4);
    for (int i = 0; i < changes && bytes.length > 0; i++) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] = (byte) random.nextInt(256);
        case 1 -> bytes = Arrays.copyOf(bytes, at);
        case 2 -> bytes = Arrays.copyOf(bytes, bytes.length + random.nextInt(5));
        default -> bytes[at] = "\n +—=0".getBytes(StandardCharsets.UTF_8)[random.nextInt(6)];
      }
    }
    return bytes;
  }

  private static SplittableRandom seeded(String what) {
    long seed = new SplittableRandom().nextLong();
    System.out.println("NoteTest " + what + " seed " + seed);
    return new SplittableRandom(seed);
  }
}
