package org.choir.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.choir.core.TenantId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SealedStreamTest {
  private static final TenantId ADA = new TenantId("ada");
  private static final TenantId BOB = new TenantId("bob");
  private static final byte[] WHAT = {1, 2, 3};
  private static final int PIECE = SealedStreams.PIECE_BYTES;

  @TempDir Path folder;
  private FileDataKeys keys;

  @BeforeEach
  void open() {
    keys = FileDataKeys.open(folder.resolve("keys"));
  }

  private byte[] seal(byte[] plain) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (SealedOutput sealed = new SealedOutput(out, keys, ADA, WHAT)) {
      sealed.write(plain);
      sealed.finish();
    }
    return out.toByteArray();
  }

  private byte[] opened(byte[] sealed, TenantId tenant, byte[] what) throws IOException {
    try (SealedInput in = new SealedInput(new ByteArrayInputStream(sealed), keys, tenant, what)) {
      return in.readAllBytes();
    }
  }

  private void refuses(byte[] sealed) {
    assertThatThrownBy(() -> opened(sealed, ADA, WHAT)).isInstanceOf(IOException.class);
  }

  @Test
  void givesBackWhatWasWrittenWhateverItsLength() throws IOException {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    for (int length : new int[] {0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 17}) {
      byte[] plain = new byte[length];
      random.nextBytes(plain);
      assertThat(opened(seal(plain), ADA, WHAT)).as("%d bytes", length).isEqualTo(plain);
    }
  }

  @Test
  void aChangedByteAnywhereIsRefused() throws IOException {
    byte[] whole = seal(new byte[1000]);
    for (int i = 0; i < whole.length; i += 7) {
      byte[] changed = whole.clone();
      changed[i] ^= 0x40;
      refuses(changed);
    }
  }

  @Test
  void aStreamCutOffAnywhereIsRefused() throws IOException {
    byte[] whole = seal(new byte[2 * PIECE + 5]);
    int piece = 4 + PIECE + SealedStreams.TAG_BYTES;
    int header = whole.length - 2 * piece - 4 - 5 - SealedStreams.TAG_BYTES;
    for (int at :
        new int[] {
          0, 5, header - 1, header, header + 3, header + piece, header + 2 * piece, whole.length - 1
        }) {
      refuses(Arrays.copyOf(whole, at));
    }
    refuses(Arrays.copyOf(whole, whole.length + 1));
  }

  @Test
  void exchangedRepeatedAndLeftOutPiecesAreRefused() throws IOException {
    byte[] whole = seal(new byte[3 * PIECE + 5]);
    int piece = 4 + PIECE + SealedStreams.TAG_BYTES;
    int header = whole.length - 3 * piece - 4 - 5 - SealedStreams.TAG_BYTES;
    byte[] exchanged = whole.clone();
    System.arraycopy(whole, header, exchanged, header + piece, piece);
    System.arraycopy(whole, header + piece, exchanged, header, piece);
    refuses(exchanged);
    refuses(
        ByteBuffer.allocate(whole.length - piece)
            .put(whole, 0, header + piece)
            .put(whole, header + 2 * piece, whole.length - header - 2 * piece)
            .array());
    refuses(
        ByteBuffer.allocate(whole.length + piece)
            .put(whole, 0, header + piece)
            .put(whole, header, whole.length - header)
            .array());
  }

  @Test
  void whatWasClosedAndNotFinishedIsRefused() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (SealedOutput sealed = new SealedOutput(out, keys, ADA, WHAT)) {
      sealed.write(new byte[PIECE + 1]);
    }
    refuses(out.toByteArray());
  }

  @Test
  void anotherTenantAndAnotherPurposeDoNotOpenIt() throws IOException {
    byte[] whole = seal(new byte[10]);
    keys.seal(BOB, new byte[1], new byte[0]);
    assertThatThrownBy(() -> opened(whole, BOB, WHAT)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> opened(whole, ADA, new byte[] {1})).isInstanceOf(IOException.class);
  }

  @Test
  void anErasedTenantsStreamNeverOpensAgain() throws IOException {
    byte[] whole = seal(new byte[10]);
    keys.eraseTenant(ADA);
    refuses(whole);
  }
}
