package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import org.choir.sandbox.ExecEvent.Channel;
import org.jspecify.annotations.Nullable;

/** An execution over the stream that follows it. */
final class GuestExecution implements Execution {
  private static final int OUTPUT_FILE_PATH_MAX = 200;

  private final String id;
  private final GuestRequests requests;
  private final Call call;
  private final boolean hasInput;
  private final Duration grace;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final OutputStream input = new Input();
  private final long[] offsets;
  private long deadlineNanos;
  private boolean truncated;
  private @Nullable Frame taken;
  private volatile ExecEvent.@Nullable Ended end;

  private GuestExecution(
      String id,
      GuestRequests requests,
      Call call,
      boolean hasInput,
      Duration grace,
      long stdoutOffset,
      long stderrOffset) {
    this.id = id;
    this.requests = requests;
    this.call = call;
    this.hasInput = hasInput;
    this.grace = grace;
    this.offsets = new long[] {0, stdoutOffset, stderrOffset};
  }

  /** Opens the stream and waits until the guest says that the command runs. */
  static GuestExecution open(
      String id,
      GuestRequests requests,
      ObjectNode request,
      boolean hasInput,
      Duration grace,
      long stdoutOffset,
      long stderrOffset) {
    Call call = requests.open(request);
    GuestExecution execution =
        new GuestExecution(id, requests, call, hasInput, grace, stdoutOffset, stderrOffset);
    boolean started = false;
    try {
      execution.begin();
      started = true;
      return execution;
    } finally {
      if (!started) {
        execution.close();
      }
    }
  }

  private void begin() {
    Frame first = call.next(GuestRequests.PATIENCE);
    if (first == null || first.type() != Frame.NOTE) {
      throw requests.broken("a command that ended before it began");
    }
    JsonNode note = GuestWords.json(first);
    if (!note.path("kind").asText().equals("started")) {
      throw requests.broken("a command that begins with something else");
    }
    long left = Math.clamp(note.path("leftMillis").asLong(), 0, Duration.ofHours(25).toMillis());
    deadlineNanos = System.nanoTime() + grace.toNanos() + Duration.ofMillis(left).toNanos();
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public ExecEvent next() {
    ExecEvent.Ended known = end;
    if (known != null) {
      return known;
    }
    if (taken != null) {
      // Granted now, not when it was handed on: whoever is slow slows the command.
      Frame used = taken;
      taken = null;
      call.used(used, GuestRequests.PATIENCE);
    }
    Frame frame = call.next(patience());
    if (frame == null) {
      ExecEvent.Ended ended = new ExecEvent.Ended(result(call.result(), truncated));
      end = ended;
      return ended;
    }
    if (frame.type() == Frame.NOTE) {
      return gap(GuestWords.json(frame));
    }
    taken = frame;
    Channel channel = channel(frame.flags());
    long offset = offsets[frame.flags()];
    offsets[frame.flags()] += frame.body().length;
    return new ExecEvent.Output(channel, offset, frame.body());
  }

  /** Ends late rather than early: a busy guest takes its time to kill and to drain. */
  private Duration patience() {
    return Duration.ofNanos(Math.max(deadlineNanos - System.nanoTime(), grace.toNanos()));
  }

  private ExecEvent.Gap gap(JsonNode note) {
    int number = note.path("channel").asInt();
    Channel channel = channel(number);
    long from = note.path("from").asLong();
    long to = note.path("to").asLong();
    if (!note.path("kind").asText().equals("gap") || from != offsets[number] || to <= from) {
      throw requests.broken("a gap from " + from + " to " + to);
    }
    offsets[number] = to;
    truncated = true;
    return new ExecEvent.Gap(channel, from, to);
  }

  private Channel channel(int number) {
    return switch (number) {
      case Frame.STDOUT -> Channel.STDOUT;
      case Frame.STDERR -> Channel.STDERR;
      default -> throw requests.broken("output on channel " + number);
    };
  }

  static ExecResult result(JsonNode end, boolean truncated) {
    return new ExecResult(
        end.path("exitCode").asInt(),
        end.path("signal").asInt(),
        end.path("timedOut").asBoolean(),
        end.path("oomKilled").asBoolean(),
        truncated,
        end.path("stdoutBytes").asLong(),
        end.path("stderrBytes").asLong(),
        end.path("cpuExceeded").asBoolean(),
        file(end.path("stdoutFile")),
        file(end.path("stderrFile")));
  }

  /** Where a guest says that a stream lies; a word of the guest that callers will show. */
  private static ExecResult.OutputFile file(JsonNode said) {
    String path = said.path("path").asText();
    return path.matches("/[A-Za-z0-9/-]+") && path.length() <= OUTPUT_FILE_PATH_MAX
        ? new ExecResult.OutputFile(path, said.path("bytes").asLong())
        : ExecResult.OutputFile.NONE;
  }

  @Override
  public OutputStream input() {
    if (!hasInput) {
      throw SandboxException.lasting(
          "no_input", "command " + id + " has no standard input", "ask for one in its request");
    }
    return input;
  }

  @Override
  public void signal(int number) {
    requests.tell(GuestRequests.request("signal").put("id", id).put("signal", number));
  }

  @Override
  public void kill() {
    signal(0);
  }

  @Override
  public void resize(int columns, int rows) {
    requests.tell(
        GuestRequests.request("resize").put("id", id).put("columns", columns).put("rows", rows));
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      requests.close(call, end != null || call.ended());
    }
  }

  private final class Input extends OutputStream {
    private boolean finished;

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (finished) {
        throw new IOException("the input of command " + id + " is closed");
      }
      for (int at = offset; at < offset + length; ) {
        int n = call.takeCredit(Math.min(offset + length - at, Frame.CHUNK), patience());
        if (n == 0) {
          throw new IOException("command " + id + " has ended");
        }
        requests
            .link()
            .send(
                new Frame(call.id(), Frame.DATA, (byte) 0, Arrays.copyOfRange(bytes, at, at + n)),
                GuestRequests.PATIENCE);
        at += n;
      }
    }

    @Override
    public void close() {
      if (!finished && !call.ended()) {
        finished = true;
        requests.link().send(Frame.empty(call.id(), Frame.FINISH), GuestRequests.PATIENCE);
      }
    }
  }
}
