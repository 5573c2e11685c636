package org.choir.sandbox;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Cuts what a guest sends into frames. Holds at most one frame; its length is checked before memory
 * is taken for it. Not thread-safe.
 */
final class FrameCutter {
  /** What a guest may still have had in flight for an earlier host. */
  private static final int SYNC_DISCARD_MAX = 8 << 20;

  private final byte[] head = new byte[Integer.BYTES];
  private int headBytes;
  private byte[] rest = {};
  private int restBytes;
  private boolean inBody;

  private byte[] mark;
  private byte[] window = {};
  private int discarded;

  /** For a guest that was just started: its first byte begins a frame. */
  FrameCutter() {
    this.mark = new byte[0];
  }

  /** For a guest that spoke to another host before: everything up to this mark is dropped. */
  FrameCutter(byte[] mark) {
    this.mark = mark.clone();
  }

  /**
   * Takes the next bytes and hands on every frame that is whole.
   *
   * @throws SandboxException {@code protocol_error}
   */
  void feed(ByteBuffer bytes, Consumer<Frame> frames) {
    if (mark.length > 0 && !synchronised(bytes)) {
      return;
    }
    while (bytes.hasRemaining()) {
      if (!inBody) {
        int n = Math.min(bytes.remaining(), Integer.BYTES - headBytes);
        bytes.get(head, headBytes, n);
        headBytes += n;
        if (headBytes < Integer.BYTES) {
          return;
        }
        rest = new byte[length()];
        restBytes = 0;
        inBody = true;
      }
      int n = Math.min(bytes.remaining(), rest.length - restBytes);
      bytes.get(rest, restBytes, n);
      restBytes += n;
      if (restBytes == rest.length) {
        ByteBuffer whole = ByteBuffer.wrap(rest);
        inBody = false;
        headBytes = 0;
        frames.accept(
            new Frame(
                whole.getInt(),
                whole.get(),
                whole.get(),
                Arrays.copyOfRange(rest, Frame.HEAD_BYTES, rest.length)));
      }
    }
  }

  private int length() {
    int length = ByteBuffer.wrap(head).getInt();
    if (length < Frame.HEAD_BYTES || length > Frame.FRAME_MAX) {
      throw protocolError("a frame of " + Integer.toUnsignedString(length) + " bytes");
    }
    return length;
  }

  /** Drops bytes up to and including the mark; whether it was found. */
  private boolean synchronised(ByteBuffer bytes) {
    byte[] search = Arrays.copyOf(window, window.length + bytes.remaining());
    int before = window.length;
    bytes.duplicate().get(search, before, bytes.remaining());
    int at = indexOf(search, mark);
    if (at < 0) {
      discarded += bytes.remaining();
      bytes.position(bytes.limit());
      window =
          Arrays.copyOfRange(search, Math.max(0, search.length - mark.length + 1), search.length);
      if (discarded > SYNC_DISCARD_MAX) {
        throw protocolError("no answer to the resynchronisation within " + discarded + " bytes");
      }
      return false;
    }
    bytes.position(bytes.position() + at + mark.length - before);
    mark = new byte[0];
    window = new byte[0];
    return true;
  }

  private static int indexOf(byte[] text, byte[] part) {
    for (int i = 0; i + part.length <= text.length; i++) {
      if (Arrays.equals(text, i, i + part.length, part, 0, part.length)) {
        return i;
      }
    }
    return -1;
  }

  static SandboxException protocolError(String what) {
    return SandboxException.passing(
        "protocol_error", "the guest broke the protocol: " + what, "its VM was stopped", null);
  }
}
