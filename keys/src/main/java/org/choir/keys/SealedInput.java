package org.choir.keys;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;

/**
 * Decrypts what {@link SealedOutput} wrote. No byte is handed out before its piece was found
 * authentic, and the end is told only if the stream really ends there. Not thread-safe.
 */
public final class SealedInput extends InputStream {
  private final DataInputStream in;
  private final SecretKey key;
  private byte[] piece = {};
  private int at;
  private long number;
  private boolean ended;

  /**
   * Reads the header.
   *
   * @throws IOException if the stream is no such one, is cut off, or is not what and whose it is
   *     said to be
   */
  public SealedInput(InputStream in, DataKeys keys, TenantId tenant, byte[] what)
      throws IOException {
    this.in = new DataInputStream(in);
    try {
      byte[] magic = this.in.readNBytes(SealedStreams.MAGIC.length);
      if (!Arrays.equals(magic, SealedStreams.MAGIC)) {
        throw new IOException("not a sealed stream");
      }
      String kid = new String(bytes(this.in.readUnsignedShort()), StandardCharsets.UTF_8);
      byte[] iv = bytes(AesGcm.NONCE_BYTES);
      byte[] wrapped = bytes(this.in.readUnsignedShort());
      byte[] opened = keys.open(tenant, new Sealed(kid, iv, wrapped), SealedStreams.context(what));
      this.key = SealedStreams.key(opened);
      Arrays.fill(opened, (byte) 0);
    } catch (EOFException e) {
      throw new IOException("the sealed stream is cut off in its header", e);
    } catch (ChoirException e) {
      throw new IOException("the sealed stream does not open: " + e.getMessage(), e);
    }
  }

  private byte[] bytes(int count) throws IOException {
    byte[] all = in.readNBytes(count);
    if (all.length < count) {
      throw new EOFException();
    }
    return all;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int from, int length) throws IOException {
    while (at == piece.length) {
      if (ended) {
        return -1;
      }
      next();
    }
    int n = Math.min(length, piece.length - at);
    System.arraycopy(piece, at, into, from, n);
    at += n;
    return n;
  }

  private void next() throws IOException {
    try {
      int length = in.readInt();
      int most = SealedStreams.PIECE_BYTES + SealedStreams.TAG_BYTES;
      if (length < SealedStreams.TAG_BYTES || length > most) {
        throw new IOException("piece " + number + " of the sealed stream is damaged");
      }
      byte[] sealed = bytes(length);
      boolean full = length == most;
      piece = full ? either(sealed) : open(sealed, true);
      at = 0;
      number++;
      if (ended && in.read() >= 0) {
        throw new IOException("the sealed stream goes on after its end");
      }
    } catch (EOFException e) {
      throw new IOException("the sealed stream is cut off in piece " + number, e);
    } catch (AEADBadTagException e) {
      throw new IOException("piece " + number + " of the sealed stream is not authentic", e);
    }
  }

  /** A full piece may be the last; only the right guess is authentic. */
  private byte[] either(byte[] sealed) throws AEADBadTagException {
    try {
      return open(sealed, false);
    } catch (AEADBadTagException e) {
      return open(sealed, true);
    }
  }

  private byte[] open(byte[] sealed, boolean last) throws AEADBadTagException {
    byte[] plain =
        SealedStreams.piece(Cipher.DECRYPT_MODE, key, number, last, sealed, sealed.length);
    ended = last;
    return plain;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
