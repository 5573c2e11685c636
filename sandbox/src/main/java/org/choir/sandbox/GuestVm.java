package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.choir.core.Json;
import org.jspecify.annotations.Nullable;

/** A VM whose agent answers over a {@link GuestLink}. */
final class GuestVm implements Vm {
  /** How long a guest may be silent while it is its turn. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  /** What ending a command takes the guest beyond its timeout: TERM, KILL, drain, a busy host. */
  private static final Duration EXEC_GRACE = Duration.ofSeconds(30);

  /** The agent refuses more; one is left for whoever looks in from outside. */
  private static final int CALLS_AT_ONCE = 60;

  private static final int LISTING_MAX = 64 << 20;

  private final Journal.Entry entry;
  private final GuestLink link;
  private final Runnable stop;
  private final Semaphore slots = new Semaphore(CALLS_AT_ONCE, true);

  GuestVm(Journal.Entry entry, GuestLink link, Runnable stop) {
    this.entry = entry;
    this.link = link;
    this.stop = stop;
  }

  @Override
  public String id() {
    return entry.id();
  }

  @Override
  public String accelerator() {
    return entry.accelerator();
  }

  @Override
  public long pid() {
    return entry.process().pid();
  }

  Journal.Entry entry() {
    return entry;
  }

  GuestLink link() {
    return link;
  }

  @Override
  public ExecResult exec(ExecRequest request, ExecOutput output) {
    ObjectNode ask = request("exec");
    ArrayNode argv = ask.putArray("argv");
    request.argv().forEach(argv::add);
    ObjectNode env = ask.putObject("env");
    request.env().forEach(env::put);
    ask.put("cwd", request.cwd())
        .put("uid", request.uid())
        .put("timeoutMillis", request.timeout().toMillis())
        .put("outputCap", request.outputCap());
    Duration patience = request.timeout().plus(EXEC_GRACE);
    return call(
        ask,
        call -> {
          for (Frame frame = call.next(patience); frame != null; frame = call.next(patience)) {
            switch (frame.flags()) {
              case Frame.STDOUT -> output.stdout(frame.body());
              case Frame.STDERR -> output.stderr(frame.body());
              default -> throw broken("output on channel " + frame.flags());
            }
            call.used(frame, PATIENCE);
          }
          JsonNode end = call.result();
          return new ExecResult(
              end.path("exitCode").asInt(),
              end.path("signal").asInt(),
              end.path("timedOut").asBoolean(),
              end.path("oomKilled").asBoolean(),
              end.path("truncated").asBoolean(),
              end.path("stdoutBytes").asLong(),
              end.path("stderrBytes").asLong());
        });
  }

  @Override
  public long read(String path, long offset, long limit, OutputStream out) {
    return call(
        request("read").put("path", path).put("offset", offset).put("limit", limit),
        call -> {
          long total = 0;
          for (Frame frame = call.next(PATIENCE); frame != null; frame = call.next(PATIENCE)) {
            total += frame.body().length;
            if (total > limit) {
              throw broken("more of " + path + " than was asked for");
            }
            out.write(frame.body());
            call.used(frame, PATIENCE);
          }
          return total;
        });
  }

  @Override
  public void write(String path, InputStream body, long size, Owner owner) {
    done(
        owned("write", path, owner).put("size", size),
        call -> {
          long left = size;
          while (left > 0) {
            int credit = call.takeCredit((int) Math.min(left, Frame.CHUNK), PATIENCE);
            if (credit == 0) {
              throw broken("it ended the writing of " + path + " early");
            }
            byte[] chunk = new byte[credit];
            int n = body.readNBytes(chunk, 0, credit);
            link.send(
                new Frame(
                    call.id(), Frame.DATA, (byte) 0, n == credit ? chunk : Arrays.copyOf(chunk, n)),
                PATIENCE);
            left -= n;
            if (n < credit) {
              break; // the guest refuses a file that is shorter than announced
            }
          }
          link.send(Frame.empty(call.id(), Frame.FINISH), PATIENCE);
          return drain(call);
        });
  }

  @Override
  public List<FileStat> list(String path, boolean recursive) {
    return call(
        request("list").put("path", path).put("recursive", recursive),
        call -> {
          ByteArrayOutputStream lines = new ByteArrayOutputStream();
          for (Frame frame = call.next(PATIENCE); frame != null; frame = call.next(PATIENCE)) {
            if (lines.size() + frame.body().length > LISTING_MAX) {
              throw broken("a listing of more than " + LISTING_MAX + " bytes");
            }
            lines.writeBytes(frame.body());
            call.used(frame, PATIENCE);
          }
          List<FileStat> files = new ArrayList<>();
          for (String line : lines.toString(StandardCharsets.UTF_8).split("\n", -1)) {
            if (!line.isEmpty()) {
              files.add(fileStat(Json.parseObject(line)));
            }
          }
          files.sort(Comparator.comparing(FileStat::path));
          return List.copyOf(files);
        });
  }

  @Override
  public FileStat stat(String path) {
    return call(
        request("stat").put("path", path),
        call -> {
          drain(call);
          return fileStat(call.result());
        });
  }

  @Override
  public void delete(String path) {
    done(request("delete").put("path", path), this::drain);
  }

  @Override
  public void makeDirectory(String path, Owner owner) {
    done(owned("mkdir", path, owner), this::drain);
  }

  @Override
  public JsonNode keep(ObjectNode request, byte @Nullable [] secret) {
    return secret == null ? done(request) : Keeper.ask(this, request, secret);
  }

  private JsonNode done(ObjectNode request) {
    return call(request, this::drain);
  }

  /** Whether the agent answers. */
  void ping() {
    link.ping(PATIENCE);
  }

  @Override
  public boolean busy() {
    return link.busy();
  }

  @Override
  public void close() {
    stop.run();
  }

  @Override
  public String toString() {
    return "VM " + id() + " (" + accelerator() + ", process " + pid() + ")";
  }

  private static ObjectNode request(String operation) {
    return Json.object().put("op", operation);
  }

  private static ObjectNode owned(String operation, String path, Owner owner) {
    return request(operation).put("path", path).put("uid", owner.uid()).put("mode", owner.mode());
  }

  private static FileStat fileStat(JsonNode said) {
    return new FileStat(
        said.path("path").asText(),
        said.path("type").asText(),
        said.path("size").asLong(),
        said.path("mode").asInt(),
        said.path("uid").asInt(),
        said.path("modifiedMillis").asLong());
  }

  /** Waits for the end of a request that answers no data. */
  private JsonNode drain(Call call) {
    if (call.next(PATIENCE) != null) {
      throw broken("data where none was asked for");
    }
    return call.result();
  }

  private SandboxException broken(String what) {
    return link.broken(what);
  }

  /** What is done with an open request. */
  interface Conversation<T> {
    T with(Call call) throws IOException;
  }

  private void done(ObjectNode request, Conversation<JsonNode> conversation) {
    JsonNode end = call(request, conversation);
    if (!end.isObject()) {
      throw broken("a result that is no object");
    }
  }

  /** Performs a request; one that is left before its end is cancelled. */
  <T> T call(ObjectNode request, Conversation<T> conversation) {
    acquire();
    try {
      Call call = link.open(request, PATIENCE);
      boolean ended = false;
      try {
        T result = conversation.with(call);
        ended = true;
        return result;
      } catch (IOException e) {
        throw SandboxException.lasting(
            "io_error", "the caller's own stream failed: " + e.getMessage(), "", e);
      } finally {
        if (!ended) {
          link.cancel(call);
        }
      }
    } finally {
      slots.release();
    }
  }

  private void acquire() {
    try {
      if (!slots.tryAcquire(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw SandboxException.passing(
            "guest_busy", "the VM " + id() + " has " + CALLS_AT_ONCE + " calls open", "wait", null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.passing(
          "cancelled", "a call into " + id() + " was interrupted", "", e);
    }
  }
}
