package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.Text;
import org.jspecify.annotations.Nullable;

/** A VM whose agent answers over a {@link GuestLink}. */
final class GuestVm implements Vm {
  /** How long a guest may be silent while it is its turn. */
  static final Duration PATIENCE = GuestRequests.PATIENCE;

  /** What ending a command takes the guest beyond its timeout: TERM, KILL, drain, a busy host. */
  private static final Duration EXEC_GRACE = Duration.ofSeconds(30);

  private static final int LISTING_MAX = 64 << 20;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final Journal.Entry entry;
  private final GuestLink link;
  private final VmOutside outside;
  private final Runnable stop;
  private final GuestRequests requests;

  GuestVm(Journal.Entry entry, GuestLink link, VmOutside outside, Runnable stop) {
    this.entry = entry;
    this.link = link;
    this.outside = outside;
    this.stop = stop;
    this.requests = new GuestRequests(entry.id(), link);
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
  public Execution start(ExecRequest request) {
    String execution = newId();
    ObjectNode ask = GuestRequests.request("exec").put("id", execution);
    ArrayNode argv = ask.putArray("argv");
    request.argv().forEach(argv::add);
    ObjectNode env = ask.putObject("env");
    request.env().forEach(env::put);
    ask.put("cwd", request.cwd())
        .put("uid", request.uid())
        .put("timeoutMillis", request.timeout().toMillis())
        .put("cpuMillis", request.cpuTime().toMillis())
        .put("memoryBytes", request.memoryBytes())
        .put("outputCap", request.outputCap())
        .put("tailBytes", request.tailBytes())
        .put("input", request.input())
        .put("keepMillis", request.keep().toMillis());
    ExecRequest.Terminal terminal = request.terminal();
    if (terminal != null) {
      ask.putObject("terminal").put("columns", terminal.columns()).put("rows", terminal.rows());
    }
    return GuestExecution.open(execution, requests, ask, request.input(), EXEC_GRACE, 0, 0);
  }

  @Override
  public Execution attach(String execution, long stdoutOffset, long stderrOffset) {
    ObjectNode ask =
        GuestRequests.request("attach")
            .put("id", execution)
            .put("stdoutOffset", stdoutOffset)
            .put("stderrOffset", stderrOffset)
            .put("input", true);
    return GuestExecution.open(
        execution, requests, ask, true, EXEC_GRACE, stdoutOffset, stderrOffset);
  }

  @Override
  public List<ExecInfo> executions() {
    return lines(GuestRequests.request("execs")).stream().map(GuestVm::execInfo).toList();
  }

  @Override
  public void signal(String execution, int signal) {
    requests.tell(GuestRequests.request("signal").put("id", execution).put("signal", signal));
  }

  /** Chosen here, so that a command whose answer was lost can be asked for. */
  private static String newId() {
    byte[] random = new byte[8];
    RANDOM.nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  private static ExecInfo execInfo(JsonNode said) {
    return new ExecInfo(
        said.path("id").asText(),
        Text.visible(said.path("program").asText(), 200),
        said.path("uid").asInt(),
        said.path("startedMillis").asLong(),
        said.path("inputBytes").asLong(),
        said.path("stdoutBytes").asLong(),
        said.path("stderrBytes").asLong(),
        said.path("result").isObject() ? GuestExecution.result(said.get("result"), false) : null);
  }

  @Override
  public long read(String path, long offset, long limit, OutputStream out) {
    return requests.call(
        GuestRequests.request("read").put("path", path).put("offset", offset).put("limit", limit),
        call -> {
          long total = 0;
          for (Frame frame = call.next(PATIENCE); frame != null; frame = call.next(PATIENCE)) {
            total += frame.body().length;
            if (total > limit) {
              throw requests.broken("more of " + path + " than was asked for");
            }
            out.write(frame.body());
            call.used(frame, PATIENCE);
          }
          return total;
        });
  }

  @Override
  public void write(String path, InputStream body, long size, Owner owner) {
    write(path, body, size, owner, new Base.Anything());
  }

  @Override
  public void write(String path, InputStream body, long size, Owner owner, Base base) {
    String expected =
        switch (base) {
          case Base.Anything anything -> "";
          case Base.Absent absent -> "absent";
          case Base.Content(Digest digest) -> digest.hex();
        };
    send(owned("write", path, owner).put("size", size).put("base", expected), path, body, size);
  }

  @Override
  public void append(String path, long offset, InputStream body, long size) {
    send(
        GuestRequests.request("append").put("path", path).put("offset", offset).put("size", size),
        path,
        body,
        size);
  }

  private void send(ObjectNode request, String path, InputStream body, long size) {
    JsonNode end =
        requests.call(
            request,
            call -> {
              long left = size;
              while (left > 0) {
                int credit = call.takeCredit((int) Math.min(left, Frame.CHUNK), PATIENCE);
                if (credit == 0) {
                  throw requests.broken("it ended the writing of " + path + " early");
                }
                byte[] chunk = new byte[credit];
                int n = body.readNBytes(chunk, 0, credit);
                if (n > 0) {
                  byte[] data = n == credit ? chunk : Arrays.copyOf(chunk, n);
                  link.send(new Frame(call.id(), Frame.DATA, (byte) 0, data), PATIENCE);
                }
                left -= n;
                if (n < credit) {
                  break; // the guest refuses a file that is shorter than announced
                }
              }
              link.send(Frame.empty(call.id(), Frame.FINISH), PATIENCE);
              return requests.drain(call);
            });
    requests.done(end);
  }

  @Override
  public List<FileStat> list(String path, boolean recursive) {
    List<FileStat> files = new ArrayList<>();
    for (JsonNode line :
        lines(GuestRequests.request("list").put("path", path).put("recursive", recursive))) {
      files.add(fileStat(line));
    }
    files.sort(Comparator.comparing(FileStat::path));
    return List.copyOf(files);
  }

  /** The answer to a request that answers JSON, one object a line. */
  private List<JsonNode> lines(ObjectNode request) {
    return requests.call(
        request,
        call -> {
          ByteArrayOutputStream text = new ByteArrayOutputStream();
          for (Frame frame = call.next(PATIENCE); frame != null; frame = call.next(PATIENCE)) {
            if (text.size() + frame.body().length > LISTING_MAX) {
              throw requests.broken("a listing of more than " + LISTING_MAX + " bytes");
            }
            text.writeBytes(frame.body());
            call.used(frame, PATIENCE);
          }
          List<JsonNode> lines = new ArrayList<>();
          for (String line : text.toString(StandardCharsets.UTF_8).split("\n", -1)) {
            if (!line.isEmpty()) {
              lines.add(Json.parseObject(line));
            }
          }
          return lines;
        });
  }

  @Override
  public FileStat stat(String path) {
    return requests.call(
        GuestRequests.request("stat").put("path", path),
        call -> {
          requests.drain(call);
          return fileStat(call.result());
        });
  }

  @Override
  public void delete(String path) {
    requests.done(
        requests.call(GuestRequests.request("delete").put("path", path), requests::drain));
  }

  @Override
  public void makeDirectory(String path, Owner owner) {
    requests.done(requests.call(owned("mkdir", path, owner), requests::drain));
  }

  @Override
  public void allow(EgressPolicy policy) {
    outside.policy(policy);
  }

  @Override
  public JsonNode keep(ObjectNode request, byte @Nullable [] secret) {
    return secret == null ? done(request) : Keeper.ask(this, request, secret);
  }

  private JsonNode done(ObjectNode request) {
    return requests.call(request, requests::drain);
  }

  /** What is asked of the guest, one conversation each. */
  GuestRequests requests() {
    return requests;
  }

  /** Whether the agent answers. */
  void ping() {
    link.agent().ping(PATIENCE);
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

  private static ObjectNode owned(String operation, String path, Owner owner) {
    return GuestRequests.request(operation)
        .put("path", path)
        .put("uid", owner.uid())
        .put("mode", owner.mode());
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
}
