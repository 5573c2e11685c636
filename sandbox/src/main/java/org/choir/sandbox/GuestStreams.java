package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The streams that a guest opens towards the host: ids with the highest bit set, ascending; {@code
 * OPEN} with a JSON object, data both ways under credit, {@code FINISH} and {@code CANCEL} from the
 * guest, {@code END} or {@code ERROR} from the host. Since protocol 2.
 *
 * <p>A guest that opens more than {@link #OPEN_MAX} at once or {@link #OPENS_PER_SECOND}, or sends
 * beyond its credit, has broken the protocol and loses its machine; the agent keeps well below. So
 * what a guest can pile up here is {@link #PENDING_MAX} bytes and as many threads as streams.
 */
final class GuestStreams {
  /** The first version of the protocol in which a guest may open streams. */
  static final int PROTOCOL = 2;

  static final int OPEN_MAX = 64;
  static final int OPENS_PER_SECOND = 200;
  static final int OPENS_BURST = 400;
  static final int PENDING_MAX = OPEN_MAX * Frame.CREDIT_START;

  private static final Logger LOG = LoggerFactory.getLogger(GuestStreams.class);

  /** Sends a frame to the guest within a deadline. */
  interface Sender {
    void send(Frame frame, Duration patience);
  }

  /** Answers a stream on a thread of its own, which ends with it. */
  interface Handler {
    /** The guest's request and the stream to answer on. */
    void serve(ObjectNode request, IncomingStream stream);
  }

  private final String name;
  private final Sender sender;
  private final LongSupplier nanos;
  private final TokenBucket opens;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Integer, IncomingStream> streams = new HashMap<>();
  private int last = 1 << 31;
  private long late;
  private boolean allowed;
  private @Nullable SandboxException lost;
  private volatile @Nullable Handler handler;

  GuestStreams(String name, Sender sender, LongSupplier nanos) {
    this.name = name;
    this.sender = sender;
    this.nanos = nanos;
    this.opens = new TokenBucket(OPENS_PER_SECOND, OPENS_BURST, nanos.getAsLong());
  }

  /** Whether a stream's id is a guest's. */
  static boolean owns(int stream) {
    return stream < 0;
  }

  /** Said once, with the version that host and guest agreed on. */
  void agreed(int protocol) {
    lock.lock();
    try {
      allowed = protocol >= PROTOCOL;
    } finally {
      lock.unlock();
    }
  }

  /** From now on this answers; before, every stream is refused. */
  void serve(Handler answers) {
    handler = answers;
  }

  /**
   * Takes a frame of the guest; never blocks.
   *
   * @throws ChoirException if it breaks the protocol
   */
  void take(Frame frame) {
    if (frame.type() == Frame.OPEN) {
      open(frame);
      return;
    }
    IncomingStream stream;
    lock.lock();
    try {
      if (Integer.compareUnsigned(frame.stream(), last) > 0) {
        throw FrameCutter.protocolError(
            "unknown stream " + Integer.toUnsignedString(frame.stream()));
      }
      stream = streams.get(frame.stream());
      if (stream == null) {
        late(frame);
        return;
      }
    } finally {
      lock.unlock();
    }
    switch (frame.type()) {
      case Frame.DATA -> stream.data(frame);
      case Frame.CREDIT -> {
        if (frame.body().length != Integer.BYTES) {
          throw FrameCutter.protocolError("a credit of " + frame.body().length + " bytes");
        }
        stream.grant(ByteBuffer.wrap(frame.body()).getInt());
      }
      case Frame.FINISH -> stream.finish();
      case Frame.CANCEL -> stream.cancel("the guest has closed it");
      default -> throw FrameCutter.protocolError("frame type " + frame.type() + " from a guest");
    }
  }

  /** Of a stream that has ended here while the guest was still sending: no more than its credit. */
  private void late(Frame frame) {
    if (frame.type() == Frame.DATA) {
      late -= frame.body().length;
      if (late < 0 || frame.body().length == 0) {
        throw FrameCutter.protocolError("more data than its credit on an ended stream");
      }
    }
  }

  private void open(Frame frame) {
    if (frame.body().length > Frame.CONTROL_MAX) {
      throw FrameCutter.protocolError("a control body of " + frame.body().length + " bytes");
    }
    ObjectNode request = Json.parseObject(new String(frame.body(), StandardCharsets.UTF_8));
    IncomingStream stream;
    lock.lock();
    try {
      if (lost != null) {
        return;
      }
      if (!allowed) {
        throw FrameCutter.protocolError("a stream of its own in protocol 1");
      }
      if (Integer.compareUnsigned(frame.stream(), last) <= 0) {
        throw FrameCutter.protocolError(
            "stream %s after %s"
                .formatted(
                    Integer.toUnsignedString(frame.stream()), Integer.toUnsignedString(last)));
      }
      if (streams.size() >= OPEN_MAX) {
        throw FrameCutter.protocolError("more than " + OPEN_MAX + " streams at once");
      }
      if (!opens.take(nanos.getAsLong())) {
        throw FrameCutter.protocolError("more than " + OPENS_PER_SECOND + " streams a second");
      }
      last = frame.stream();
      stream = new IncomingStream(frame.stream(), sender, this::over);
      streams.put(frame.stream(), stream);
    } finally {
      lock.unlock();
    }
    Thread.ofVirtual()
        .name("guest-stream-" + name + "-" + (frame.stream() & Integer.MAX_VALUE))
        .start(() -> answer(request, stream));
  }

  private void answer(JsonNode request, IncomingStream stream) {
    Handler answers = handler;
    try {
      if (answers == null) {
        stream.fail("not_available", "this host answers no requests of its guests");
      } else {
        answers.serve((ObjectNode) request, stream);
      }
    } catch (ChoirException e) {
      stream.fail(e.code(), e.failure().message());
    } catch (RuntimeException e) {
      LOG.warn("a request of VM {} failed inside the host", name, e);
      stream.fail("internal", "the host failed while it answered");
    } finally {
      stream.fail("internal", "the host gave no answer"); // without effect on an ended one
    }
  }

  private void over(IncomingStream stream) {
    lock.lock();
    try {
      if (streams.remove(stream.id(), stream)) {
        late = Math.min(PENDING_MAX, late + stream.creditLeft());
      }
    } finally {
      lock.unlock();
    }
  }

  /** The guest is gone: every stream ends. */
  void end(SandboxException reason) {
    List<IncomingStream> all;
    lock.lock();
    try {
      lost = reason;
      all = new ArrayList<>(streams.values());
      streams.clear();
    } finally {
      lock.unlock();
    }
    all.forEach(stream -> stream.cancel(reason.failure().message()));
  }

  /** How many are open now. */
  int open() {
    lock.lock();
    try {
      return streams.size();
    } finally {
      lock.unlock();
    }
  }
}
