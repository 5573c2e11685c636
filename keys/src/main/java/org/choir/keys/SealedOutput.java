package org.choir.keys;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import org.choir.core.TenantId;

/**
 * Encrypts a stream of any length for a tenant on its way out, one piece of a megabyte at a time.
 * Only {@link #finish} writes the end: what was only closed is unfinished, and {@link SealedInput}
 * refuses it. Not thread-safe.
 */
public final class SealedOutput extends OutputStream {
  private final DataOutputStream out;
  private final SecretKey key;
  private final byte[] piece = new byte[SealedStreams.PIECE_BYTES];
  private int filled;
  private long number;
  private boolean finished;

  /**
   * Writes the header.
   *
   * @param what says what the stream is; the same bytes must be given to {@link SealedInput}
   */
  public SealedOutput(OutputStream out, DataKeys keys, TenantId tenant, byte[] what)
      throws IOException {
    byte[] fresh = new byte[AesGcm.KEY_BYTES];
    new SecureRandom().nextBytes(fresh);
    Sealed sealed = keys.seal(tenant, fresh, SealedStreams.context(what));
    this.key = SealedStreams.key(fresh);
    Arrays.fill(fresh, (byte) 0);
    this.out = new DataOutputStream(out);
    byte[] kid = sealed.kid().getBytes(StandardCharsets.UTF_8);
    this.out.write(SealedStreams.MAGIC);
    this.out.writeShort(kid.length);
    this.out.write(kid);
    this.out.write(sealed.iv());
    this.out.writeShort(sealed.ct().length);
    this.out.write(sealed.ct());
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int from, int length) throws IOException {
    if (finished) {
      throw new IOException("this stream is finished");
    }
    int at = from;
    int left = length;
    while (left > 0) {
      if (filled == piece.length) {
        emit(false);
      }
      int n = Math.min(left, piece.length - filled);
      System.arraycopy(bytes, at, piece, filled, n);
      filled += n;
      at += n;
      left -= n;
    }
  }

  private void emit(boolean last) throws IOException {
    byte[] sealed;
    try {
      sealed = SealedStreams.piece(Cipher.ENCRYPT_MODE, key, number++, last, piece, filled);
    } catch (AEADBadTagException e) {
      throw new IllegalStateException(e); // there is no tag to be bad
    }
    out.writeInt(sealed.length);
    out.write(sealed);
    filled = 0;
  }

  /** Writes the end; the stream is whole then. */
  public void finish() throws IOException {
    if (!finished) {
      emit(true);
      finished = true;
      out.flush();
    }
  }

  @Override
  public void flush() throws IOException {
    out.flush(); // a piece goes out when it is full
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
