package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.jspecify.annotations.Nullable;

/**
 * The one connection to a guest's agent. One thread reads, one writes; both end with the
 * connection. Whatever breaks the protocol ends it.
 */
final class GuestLink implements AutoCloseable {
  private static final int QUEUE = 64;

  /** How long a guest may leave what it is sent unread while a request is given up. */
  private static final Duration CANCEL_PATIENCE = Duration.ofSeconds(10);

  private final String name;
  private final ByteChannel channel;
  private final InstantSource clock;
  private final FrameCutter cutter;
  private final BlockingQueue<ByteBuffer> outgoing = new ArrayBlockingQueue<>(QUEUE);
  private final CompletableFuture<Hello> hello = new CompletableFuture<>();
  private final CompletableFuture<SandboxException> lost = new CompletableFuture<>();
  private final Map<Integer, Call> calls = new HashMap<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final GuestStreams guestStreams;
  private final AgentControl agent;
  private volatile Supplier<Optional<SandboxException>> ending = Optional::empty;
  private int lastStream;

  private GuestLink(
      String name, ByteChannel channel, InstantSource clock, byte @Nullable [] token) {
    this.name = name;
    this.channel = channel;
    this.clock = clock;
    this.agent = new AgentControl(name, this);
    this.guestStreams = new GuestStreams(name, this::send, System::nanoTime);
    if (token == null) {
      cutter = new FrameCutter();
    } else {
      byte[] nonce = new byte[token.length];
      new SecureRandom().nextBytes(nonce);
      byte[] mark = ByteBuffer.allocate(2 * token.length).put(token).put(nonce).array();
      cutter = new FrameCutter(mark);
      outgoing.add(ByteBuffer.wrap(mark));
    }
    Thread.ofVirtual().name("guest-read-" + name).start(this::read);
    Thread.ofVirtual().name("guest-write-" + name).start(this::write);
  }

  /**
   * Speaks over the pipe to a guest.
   *
   * @param token of an earlier hello, for a guest that may be in the middle of a conversation with
   *     another process; null for one that begins with its hello
   */
  static GuestLink over(
      String name, ByteChannel channel, InstantSource clock, byte @Nullable [] token) {
    return new GuestLink(name, channel, clock, token);
  }

  /** What the guest said first; waits for it. */
  Hello hello(Duration patience) {
    try {
      return hello.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw unresponsive(patience);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.passing(
          "cancelled", "waiting for " + name + " was interrupted", "", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof SandboxException known
          ? known.again()
          : new IllegalStateException(e);
    }
  }

  /** Completes once, with the reason, when the guest can no longer be reached. */
  CompletableFuture<SandboxException> lost() {
    return lost;
  }

  /** What host and agent say to each other beside the requests. */
  AgentControl agent() {
    return agent;
  }

  /** What the guest opens towards the host. */
  GuestStreams guestStreams() {
    return guestStreams;
  }

  /** Whether a request is open. */
  boolean busy() {
    lock.lock();
    try {
      return !calls.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Begins a request. */
  Call open(ObjectNode request, Duration patience) {
    lock.lock();
    try {
      if (lost.isDone()) {
        throw lostNow();
      }
      Call call = new Call(++lastStream, this);
      Frame frame = Frame.control(call.id(), Frame.OPEN, request);
      calls.put(call.id(), call);
      // Under the lock, since the guest refuses a stream below one it has seen.
      enqueue(frame.encode(), patience);
      return call;
    } finally {
      lock.unlock();
    }
  }

  void send(Frame frame, Duration patience) {
    enqueue(frame.encode(), patience);
  }

  private void enqueue(ByteBuffer bytes, Duration patience) {
    try {
      if (lost.isDone()) {
        throw lostNow();
      }
      if (!outgoing.offer(bytes, patience.toNanos(), TimeUnit.NANOSECONDS)) {
        throw unresponsive(patience);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.passing(
          "cancelled", "a call into " + name + " was interrupted", "", e);
    }
  }

  /** Gives the guest up because it did not answer in time. */
  SandboxException unresponsive(Duration patience) {
    SandboxException reason =
        SandboxException.passing(
            "guest_unresponsive",
            "the guest " + name + " did not answer within " + Call.seconds(patience),
            "its VM was stopped; the next call gets a new one",
            null);
    lose(reason);
    return reason;
  }

  /** Gives the guest up because of what it sent. */
  SandboxException broken(String what) {
    SandboxException reason = FrameCutter.protocolError(what);
    lose(reason);
    return reason;
  }

  /**
   * Tells the guest that nobody waits for a request any more. It stays known here until the guest
   * has ended it.
   */
  void cancel(Call call) {
    call.abandon();
    // Whoever gives up is often interrupted; the guest must hear of it all the same.
    boolean interrupted = Thread.interrupted();
    try {
      if (!lost.isDone()
          && !outgoing.offer(
              Frame.empty(call.id(), Frame.CANCEL).encode(),
              CANCEL_PATIENCE.toNanos(),
              TimeUnit.NANOSECONDS)) {
        lose(gone("it takes nothing any more", null));
      }
    } catch (InterruptedException e) {
      interrupted = true;
      lose(gone("a request could not be ended", e));
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Why the guest cannot be reached, for one more who asks. */
  SandboxException lostNow() {
    SandboxException reason = lost.getNow(null);
    return reason == null ? gone("its connection ended", null) : reason.again();
  }

  /** Nobody listens where a VM's socket should be. */
  static SandboxException noSocket(String name, IOException cause) {
    return SandboxException.passing(
        "guest_lost",
        "the VM " + name + " does not listen: " + cause.getMessage(),
        "obtain another one",
        cause);
  }

  private SandboxException gone(String why, @Nullable Throwable cause) {
    return SandboxException.passing(
        "guest_lost", "the VM " + name + " is gone: " + why, "obtain another one", cause);
  }

  /** Who knows why the other side ends, if its process has ended. */
  void onEnding(Supplier<Optional<SandboxException>> knower) {
    ending = knower;
  }

  /** The process at the other end is gone. */
  void hypervisorEnded() {
    loseOtherSide("its process ended", null);
  }

  /** The other side has ended the connection. */
  private void loseOtherSide(String why, @Nullable Throwable cause) {
    lose(lost.isDone() ? gone(why, cause) : ending.get().orElseGet(() -> gone(why, cause)));
  }

  private void lose(SandboxException reason) {
    if (!lost.complete(reason)) {
      return;
    }
    SandboxException first = lost.join();
    hello.completeExceptionally(first);
    lock.lock();
    try {
      calls.values().forEach(call -> call.fail(first));
      calls.clear();
    } finally {
      lock.unlock();
    }
    agent.end(first);
    guestStreams.end(first);
    // Room for the mark that ends the writer; what was queued is for nobody.
    outgoing.clear();
    try {
      channel.close();
    } catch (IOException e) {
      first.addSuppressed(e);
    }
  }

  private void read() {
    ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
    try {
      while (channel.read(buffer.clear()) >= 0) {
        cutter.feed(buffer.flip(), this::dispatch);
      }
      loseOtherSide("its connection ended", null);
    } catch (IOException e) {
      loseOtherSide("its connection broke", e);
    } catch (SandboxException e) {
      lose(e);
    } catch (ChoirException e) {
      lose(FrameCutter.protocolError(e.failure().message()));
    }
  }

  private void write() {
    try {
      while (!lost.isDone()) {
        ByteBuffer bytes = outgoing.poll(1, TimeUnit.SECONDS);
        while (bytes != null && bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }
    } catch (IOException e) {
      lose(gone("its connection broke", e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      lose(gone("its writer was interrupted", e));
    }
  }

  private void dispatch(Frame frame) {
    if (frame.stream() == 0) {
      control(frame);
      return;
    }
    if (!hello.isDone()) {
      throw FrameCutter.protocolError("stream " + frame.stream() + " before the hello");
    }
    if (GuestStreams.owns(frame.stream())) {
      guestStreams.take(frame);
      return;
    }
    Call call;
    boolean last = frame.type() == Frame.END || frame.type() == Frame.ERROR;
    lock.lock();
    try {
      call = last ? calls.remove(frame.stream()) : calls.get(frame.stream());
    } finally {
      lock.unlock();
    }
    if (call == null) {
      throw FrameCutter.protocolError("unknown stream " + Integer.toUnsignedString(frame.stream()));
    }
    switch (frame.type()) {
      case Frame.DATA -> call.data(frame);
      case Frame.NOTE -> {
        GuestWords.json(frame); // whoever takes it finds JSON
        call.note(frame);
      }
      case Frame.CREDIT -> {
        if (frame.body().length != Integer.BYTES) {
          throw FrameCutter.protocolError("a credit of " + frame.body().length + " bytes");
        }
        call.grant(ByteBuffer.wrap(frame.body()).getInt());
      }
      case Frame.END -> call.end(GuestWords.json(frame));
      case Frame.ERROR -> call.fail(GuestWords.failure(GuestWords.json(frame)));
      default -> throw FrameCutter.protocolError("unknown frame type " + frame.type());
    }
  }

  private void control(Frame frame) {
    switch (frame.type()) {
      case Frame.HELLO -> welcome(GuestWords.json(frame));
      case Frame.PONG, Frame.PREPARED, Frame.ACK -> agent.take(frame);
      case Frame.ERROR ->
          throw FrameCutter.protocolError(
              "it reports " + GuestWords.failure(GuestWords.json(frame)).getMessage());
      default -> throw FrameCutter.protocolError("control frame type " + frame.type());
    }
  }

  private void welcome(JsonNode said) {
    if (hello.isDone()) {
      throw FrameCutter.protocolError("a second hello");
    }
    Hello first = Hello.parse(said);
    guestStreams.agreed(first.protocol());
    ObjectNode answer =
        Json.object().put("protocol", first.protocol()).put("timeMillis", clock.millis());
    if (!outgoing.offer(Frame.control(0, Frame.WELCOME, answer).encode())) {
      throw FrameCutter.protocolError("a hello in the middle of calls");
    }
    hello.complete(first);
  }

  /** Ends the connection because the machine is put away; what is open is told so. */
  void suspended() {
    lose(
        SandboxException.passing(
            "vm_suspended", "the VM " + name + " was suspended", "the next call resumes it", null));
  }

  /** Ends the connection; the guest goes on. */
  @Override
  public void close() {
    lose(gone("this process let go of it", null));
  }
}
