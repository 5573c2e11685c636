package org.choir.sandbox;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.choir.core.Json;

/**
 * One frame of the guest protocol: {@code u32 length | u32 stream | u8 type | u8 flags | body},
 * big-endian; the length counts what follows it. Control bodies are JSON objects of at most {@link
 * #CONTROL_MAX} bytes, data bodies are raw.
 */
record Frame(int stream, byte type, byte flags, byte[] body) {
  static final int HEAD_BYTES = 6;
  static final int FRAME_MAX = 256 << 10;
  static final int CONTROL_MAX = 64 << 10;

  /** What each side may send on a stream before the other grants more. */
  static final int CREDIT_START = 64 << 10;

  static final int CREDIT_MAX = 1 << 20;
  static final int CHUNK = 32 << 10;

  /** The versions of the protocol this host speaks; since 2 a guest may open streams. */
  static final int PROTOCOL_MIN = 1;

  static final int PROTOCOL = 2;

  static final byte HELLO = 0x01;
  static final byte WELCOME = 0x02;
  static final byte PING = 0x03;
  static final byte PONG = 0x04;
  static final byte SHUTDOWN = 0x05;
  static final byte ERROR = 0x06;
  static final byte PREPARE = 0x07;
  static final byte PREPARED = 0x08;
  static final byte WAKE = 0x09;
  static final byte RESTORED = 0x0a;
  static final byte ACK = 0x0b;
  static final byte OPEN = 0x10;
  static final byte DATA = 0x11;
  static final byte CREDIT = 0x12;
  static final byte FINISH = 0x13;
  static final byte CANCEL = 0x14;
  static final byte END = 0x15;

  /** A guest's word between the data of a stream: JSON, not under credit, few. */
  static final byte NOTE = 0x16;

  static final byte STDOUT = 1;
  static final byte STDERR = 2;

  private static final byte[] NOTHING = {};

  static Frame control(int stream, byte type, ObjectNode body) {
    byte[] bytes = Json.write(body).getBytes(StandardCharsets.UTF_8);
    if (bytes.length > CONTROL_MAX) {
      throw SandboxException.lasting(
          "bad_request",
          "the request has " + bytes.length + " bytes, more than " + CONTROL_MAX,
          "put long texts into a file of the guest");
    }
    return new Frame(stream, type, (byte) 0, bytes);
  }

  static Frame empty(int stream, byte type) {
    return new Frame(stream, type, (byte) 0, NOTHING);
  }

  static Frame credit(int stream, int bytes) {
    return new Frame(
        stream, CREDIT, (byte) 0, ByteBuffer.allocate(Integer.BYTES).putInt(bytes).array());
  }

  ByteBuffer encode() {
    return ByteBuffer.allocate(Integer.BYTES + HEAD_BYTES + body.length)
        .putInt(HEAD_BYTES + body.length)
        .putInt(stream)
        .put(type)
        .put(flags)
        .put(body)
        .flip();
  }
}
