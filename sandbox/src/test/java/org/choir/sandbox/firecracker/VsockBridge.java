package org.choir.sandbox.firecracker;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes a guest's serial port look like Firecracker's socket device: for the guest it dials {@code
 * <path>_5000} again and again until somebody listens, and each such connection begins with a
 * hello. On the port below, a conversation that was cut off is found again by the agent's own mark.
 * To the host's {@code CONNECT} it answers as a guest without listeners: it closes.
 */
final class VsockBridge {
  private static final Pattern TOKEN = Pattern.compile("\"token\":\"([0-9a-f]{32})\"");
  private static final int HEAD_BYTES = 4;

  private final Path port;

  // All guarded by this object.
  private String token = "";
  private boolean running;
  private boolean spoken;
  private byte[] mark =
      new byte[0]; // what comes before it is for nobody; empty: nothing is skipped
  private byte[] pending = new byte[0];
  private @Nullable SocketChannel host;

  VsockBridge(Path port) {
    this.port = port;
  }

  /** The mark that the agent will be found by. */
  synchronized String token() {
    return token;
  }

  /** The guest goes on from a snapshot: it has spoken before. */
  synchronized void restored(String known) {
    token = known;
    spoken = true;
  }

  /** Creates the host's end, as Firecracker does when the device is made, and begins to dial. */
  void open(Path uds) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(uds));
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                while (true) {
                  server.accept().close();
                }
              } catch (IOException e) {
                // ended with the process
              }
            });
    Thread.ofVirtual().start(() -> bridge(Path.of(uds + "_" + Jail.AGENT_PORT)));
  }

  /** Lets the guest dial, or ends its connection until it is let to again. */
  synchronized void run(boolean may) throws IOException {
    running = may;
    notifyAll();
    if (!may && host != null) {
      host.close();
      host = null;
    }
  }

  private void bridge(Path listener) {
    try (SocketChannel guest = toGuest()) {
      Thread.ofVirtual().start(() -> down(guest));
      while (true) {
        SocketChannel dialled = dial(listener);
        try (dialled) {
          meet(guest, dialled);
          up(dialled, guest);
        } catch (IOException e) {
          // the connection is over; the next is dialled
        }
        if (!guest.isOpen()) {
          return;
        }
      }
    } catch (IOException | InterruptedException e) {
      // the guest has ended
    }
  }

  private SocketChannel toGuest() throws IOException, InterruptedException {
    for (int tries = 0; ; tries++) {
      try {
        return SocketChannel.open(UnixDomainSocketAddress.of(port));
      } catch (IOException e) {
        if (tries > 2_000) {
          throw e;
        }
        Thread.sleep(5);
      }
    }
  }

  /** As the agent over a socket device: again and again until somebody listens. */
  private SocketChannel dial(Path listener) throws InterruptedException {
    while (true) {
      synchronized (this) {
        while (!running) {
          wait();
        }
      }
      try {
        return SocketChannel.open(UnixDomainSocketAddress.of(listener));
      } catch (IOException e) {
        Thread.sleep(20); // nobody listens: as a reset
      }
    }
  }

  /** After a former conversation the agent waits for its mark and a new one, and repeats them. */
  private void meet(SocketChannel guest, SocketChannel dialled) throws IOException {
    ByteBuffer greeting;
    synchronized (this) {
      if (!running) {
        throw new IOException("paused meanwhile");
      }
      host = dialled;
      if (!spoken) {
        spoken = true;
        return;
      }
      byte[] nonce = new byte[16];
      new SecureRandom().nextBytes(nonce);
      mark = ByteBuffer.allocate(32).put(HexFormat.of().parseHex(token)).put(nonce).array();
      pending = new byte[0];
      greeting = ByteBuffer.wrap(mark);
    }
    writeAll(guest, greeting);
  }

  private static void up(SocketChannel dialled, SocketChannel guest) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocate(64 << 10);
    while (dialled.read(chunk.clear()) >= 0) {
      writeAll(guest, chunk.flip());
    }
  }

  private void down(SocketChannel guest) {
    ByteBuffer chunk = ByteBuffer.allocate(64 << 10);
    try (guest) {
      while (guest.read(chunk.clear()) >= 0) {
        List<byte[]> frames;
        SocketChannel to;
        synchronized (this) {
          frames = frames(Arrays.copyOf(chunk.array(), chunk.position()));
          to = host;
        }
        for (byte[] frame : frames) {
          deliver(to, frame);
        }
      }
    } catch (IOException e) {
      // the guest has ended
    }
  }

  private static void deliver(@Nullable SocketChannel to, byte[] frame) throws IOException {
    if (to == null) {
      return;
    }
    try {
      writeAll(to, ByteBuffer.wrap(frame));
    } catch (IOException e) {
      to.close(); // the other direction dials anew
    }
  }

  /** Whole frames, from the mark on; reads the mark of the next conversation on the way. */
  private List<byte[]> frames(byte[] more) {
    byte[] all = Arrays.copyOf(pending, pending.length + more.length);
    System.arraycopy(more, 0, all, pending.length, more.length);
    if (mark.length > 0) {
      int at = indexOf(all, mark);
      if (at < 0) {
        pending = Arrays.copyOfRange(all, Math.max(0, all.length - mark.length + 1), all.length);
        return List.of();
      }
      all = Arrays.copyOfRange(all, at + mark.length, all.length);
      mark = new byte[0];
    }
    List<byte[]> frames = new ArrayList<>();
    int at = 0;
    while (all.length - at >= HEAD_BYTES) {
      int end = at + HEAD_BYTES + ByteBuffer.wrap(all, at, HEAD_BYTES).getInt();
      if (end > all.length) {
        break;
      }
      byte[] frame = Arrays.copyOfRange(all, at, end);
      if (ByteBuffer.wrap(frame, HEAD_BYTES, 4).getInt() == 0) {
        Matcher said = TOKEN.matcher(new String(frame, StandardCharsets.ISO_8859_1));
        if (said.find()) {
          token = said.group(1);
        }
      }
      frames.add(frame);
      at = end;
    }
    pending = Arrays.copyOfRange(all, at, all.length);
    return frames;
  }

  private static int indexOf(byte[] text, byte[] part) {
    for (int i = 0; i + part.length <= text.length; i++) {
      if (Arrays.equals(text, i, i + part.length, part, 0, part.length)) {
        return i;
      }
    }
    return -1;
  }

  private static void writeAll(SocketChannel to, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      to.write(bytes);
    }
  }
}
