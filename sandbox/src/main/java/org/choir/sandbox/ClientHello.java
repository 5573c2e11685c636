package org.choir.sandbox;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The first message of a TLS connection, looked at and passed on (RFC 8446, 6066).
 *
 * @param bytes all records that were read, as they came
 * @param serverName the name the client wants to talk to; empty if it does not say
 * @param encrypted whether it carries an encrypted hello (RFC 9849), whose name nobody can see
 */
record ClientHello(byte[] bytes, Optional<String> serverName, boolean encrypted) {
  private static final int RECORD_HANDSHAKE = 22;
  private static final int RECORD_MAX = (16 << 10) + 256;
  private static final int HELLO_MAX = 64 << 10;
  private static final int CLIENT_HELLO = 1;
  private static final int EXTENSION_SERVER_NAME = 0;
  private static final int EXTENSION_ENCRYPTED_HELLO = 0xfe0d;

  /**
   * Reads it; at most {@link #HELLO_MAX} bytes and a record.
   *
   * @throws EgressException {@code egress_no_server_name} for what is no TLS
   */
  static ClientHello read(InputStream in) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    ByteArrayOutputStream handshake = new ByteArrayOutputStream();
    int wanted = 4;
    while (handshake.size() < wanted) {
      byte[] head = in.readNBytes(5);
      if (head.length < 5 || head[0] != RECORD_HANDSHAKE || head[1] != 3) {
        throw none("what was sent is no TLS");
      }
      int length = (head[3] & 0xff) << 8 | (head[4] & 0xff);
      if (length == 0 || length > RECORD_MAX) {
        throw none("a TLS record of " + length + " bytes");
      }
      byte[] body = in.readNBytes(length);
      if (body.length < length) {
        throw none("the TLS hello was cut off");
      }
      all.writeBytes(head);
      all.writeBytes(body);
      handshake.writeBytes(body);
      if (handshake.size() >= 4) {
        byte[] start = handshake.toByteArray();
        if (start[0] != CLIENT_HELLO) {
          throw none("a TLS connection that does not begin with a hello");
        }
        wanted = 4 + ((start[1] & 0xff) << 16 | (start[2] & 0xff) << 8 | (start[3] & 0xff));
        if (wanted > HELLO_MAX) {
          throw none("a TLS hello of " + wanted + " bytes");
        }
      }
    }
    try {
      return extensions(all.toByteArray(), ByteBuffer.wrap(handshake.toByteArray(), 4, wanted - 4));
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw none("a TLS hello that cannot be read");
    }
  }

  private static ClientHello extensions(byte[] all, ByteBuffer hello) {
    hello.position(hello.position() + 2 + 32); // version, random
    part(hello, hello.get() & 0xff); // session id
    part(hello, hello.getShort() & 0xffff); // cipher suites
    part(hello, hello.get() & 0xff); // compression methods
    Optional<String> name = Optional.empty();
    boolean encrypted = false;
    if (hello.hasRemaining()) {
      ByteBuffer extensions = part(hello, hello.getShort() & 0xffff);
      while (extensions.hasRemaining()) {
        int type = extensions.getShort() & 0xffff;
        ByteBuffer body = part(extensions, extensions.getShort() & 0xffff);
        if (type == EXTENSION_SERVER_NAME) {
          if (name.isPresent()) {
            throw none("two server names");
          }
          name = Optional.of(serverName(body));
        }
        encrypted |= type == EXTENSION_ENCRYPTED_HELLO;
      }
    }
    return new ClientHello(all, name, encrypted);
  }

  private static String serverName(ByteBuffer body) {
    ByteBuffer list = part(body, body.getShort() & 0xffff);
    int kind = list.get();
    ByteBuffer name = part(list, list.getShort() & 0xffff);
    if (kind != 0 || list.hasRemaining()) {
      throw none("a list of server names");
    }
    byte[] text = new byte[name.remaining()];
    name.get(text);
    return new String(text, StandardCharsets.US_ASCII);
  }

  private static ByteBuffer part(ByteBuffer from, int length) {
    ByteBuffer part = from.slice(from.position(), Math.min(length, from.remaining()));
    if (part.remaining() < length) {
      throw new BufferUnderflowException();
    }
    from.position(from.position() + length);
    return part;
  }

  /**
   * Refuses a hello that is not for this host.
   *
   * @throws EgressException {@code egress_no_server_name}, {@code egress_name_hidden}, {@code
   *     egress_name_differs}
   */
  void requireFor(HostName host) {
    if (encrypted) {
      throw new EgressException(
          "egress_name_hidden",
          403,
          "the connection hides the name it is for in an encrypted TLS hello",
          "switch encrypted client hello off");
    }
    if (serverName.isEmpty()) {
      if (host.address()) {
        return; // no name exists for an address; the rule that lists it is all there is
      }
      throw none("the TLS hello names no server");
    }
    HostName named = HostName.of(serverName.get());
    if (!named.equals(host)) {
      throw new EgressException(
          "egress_name_differs",
          403,
          "the connection to " + host + " is for " + named,
          "ask the proxy for the host you mean");
    }
  }

  private static EgressException none(String what) {
    return new EgressException(
        "egress_no_server_name",
        403,
        "only TLS that names its server passes a tunnel: " + what,
        "use https, or plain http without a tunnel");
  }
}
