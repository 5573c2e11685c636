package org.choir.sandbox.hosted;

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
import java.util.concurrent.atomic.AtomicInteger;
import org.choir.core.Text;
import org.choir.sandbox.EgressPolicy;
import org.choir.sandbox.ExecOutput;
import org.choir.sandbox.ExecRequest;
import org.choir.sandbox.ExecResult;
import org.choir.sandbox.Execution;
import org.choir.sandbox.SandboxException;
import org.choir.sandbox.Vm;

/**
 * A sandbox of a service as one of our VMs. A state it was left in is final: it is never revived.
 */
final class HostedVm implements Vm {
  private static final Duration CALL = Duration.ofSeconds(60);
  private static final Duration EXEC_GRACE = Duration.ofSeconds(30);
  private static final int LISTING_MAX = 64 << 20;
  private static final int FILES_MAX = 200_000;
  private static final int UID_LEAST = 1_000;

  private final HostedService service;
  private final HostedService.Remote remote;
  private final String id;
  private final Runnable stop;
  private final AtomicInteger open = new AtomicInteger();
  private volatile boolean ended;

  HostedVm(HostedService service, HostedService.Remote remote, String id, Runnable stop) {
    this.service = service;
    this.remote = remote;
    this.id = id;
    this.stop = stop;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public String accelerator() {
    return "remote";
  }

  @Override
  public long pid() {
    return -1;
  }

  @Override
  public boolean busy() {
    return open.get() > 0;
  }

  HostedService.Remote remote() {
    return remote;
  }

  /** Every later call fails: it was suspended or removed. */
  void end() {
    ended = true;
  }

  @Override
  public void close() {
    stop.run();
  }

  @Override
  public ExecResult exec(ExecRequest request, ExecOutput output) {
    if (request.uid() < UID_LEAST) {
      throw refusal("permission_denied", "user " + request.uid() + " runs no commands");
    }
    if (request.argv().isEmpty()) {
      throw refusal("bad_request", "there is no command");
    }
    requireOffered(request);
    requirePath(request.cwd());
    for (String word : request.argv()) {
      requireText(word);
    }
    request.env().forEach((name, value) -> requireText(name + value));
    String mark = Scripts.mark();
    Counted counted = new Counted(output, request.outputCap(), mark);
    long began = System.nanoTime();
    int code = run(Scripts.command(mark, request), request.timeout().plus(EXEC_GRACE), counted);
    counted.requireDone(code, String.join(" ", request.argv()));
    boolean late = System.nanoTime() - began >= request.timeout().toNanos();
    // «timeout» says 124, or is killed by its own second signal.
    boolean timedOut = late && (code == 124 || code == 137);
    int signal = timedOut ? (code == 124 ? 15 : 9) : code > 128 && code <= 192 ? code - 128 : 0;
    return new ExecResult(
        signal == 0 ? code : -1,
        signal,
        timedOut,
        false,
        counted.truncated(),
        counted.stdout(),
        counted.stderr());
  }

  /** What only our own agent can do is refused, never left out silently. */
  private void requireOffered(ExecRequest request) {
    String what =
        request.input() || request.terminal() != null
            ? "commands with an input or a terminal"
            : !request.keep().isZero()
                ? "commands that outlive their caller"
                : !request.cpuTime().isZero() || request.memoryBytes() > 0
                    ? "limits on a command's processor time and memory"
                    : "";
    if (!what.isEmpty()) {
      throw refusal("unsupported", "the VM " + id + " does not offer " + what);
    }
  }

  /** Its output is read here as it comes; ending it early leaves it to its timeout. */
  @Override
  public Execution start(ExecRequest request) {
    requireOffered(request);
    return new HostedExecution(id, request, this::exec);
  }

  /**
   * What leaves by the service's own network card is not judged here, as {@link
   * org.choir.sandbox.Capability#NO_NETWORK_CARD} tells: nothing allowed is what holds for this
   * server's own way out, and a list cannot be held to.
   */
  @Override
  public void allow(EgressPolicy policy) {
    if (!policy.allow().isEmpty()) {
      throw SandboxException.lasting(
          "not_supported",
          "the VM %s is with a service, which cannot be held to a list of hosts".formatted(id),
          "allow no hosts, or use a driver of this machine: sandbox.driver");
    }
  }

  @Override
  public long read(String path, long offset, long limit, OutputStream out) {
    requirePath(path);
    String mark = Scripts.mark();
    long size = number(ask(Scripts.beforeRead(mark, path), mark, path).strip(), 10);
    long wanted = Math.max(0, Math.min(limit, size - offset));
    if (wanted == 0) {
      return 0;
    }
    Counting counting = new Counting(out, wanted);
    if (offset == 0 && wanted == size) {
      guarded(() -> service.download(remote, path, counting));
    } else {
      Counted parts = new Counted(into(counting), wanted, mark);
      parts.requireDone(run(Scripts.part(mark, path, offset, wanted), CALL, parts), path);
    }
    return counting.count();
  }

  private static ExecOutput into(OutputStream out) {
    return new ExecOutput() {
      @Override
      public void stdout(byte[] bytes) {
        try {
          out.write(bytes);
        } catch (IOException e) {
          throw SandboxException.lasting(
              "io_error", "the caller's own stream failed: " + e.getMessage(), "", e);
        }
      }

      @Override
      public void stderr(byte[] bytes) {}
    };
  }

  @Override
  public void write(String path, InputStream body, long size, Owner owner) {
    requirePath(path);
    try (Spooled whole = Spooled.of(body, size)) {
      String mark = Scripts.mark();
      String folder = ask(Scripts.beforeWrite(mark, path, owner.uid()), mark, path);
      String name = path.substring(path.lastIndexOf('/') + 1);
      String target = (folder.equals("/") ? "" : folder) + "/" + name;
      String temporary = (folder.equals("/") ? "" : folder) + "/." + mark;
      guarded(() -> service.upload(remote, temporary, whole.stream(), size));
      ask(Scripts.afterWrite(mark, temporary, target, size, owner.uid(), owner.mode()), mark, path);
    } catch (IOException e) {
      throw SandboxException.lasting(
          "io_error", "the caller's own stream failed: " + e.getMessage(), "", e);
    }
  }

  @Override
  public List<FileStat> list(String path, boolean recursive) {
    requirePath(path);
    String mark = Scripts.mark();
    List<FileStat> files = stats(ask(Scripts.list(mark, path, recursive), mark, path));
    if (files.size() > FILES_MAX) {
      throw refusal("too_many_files", path + " holds more than " + FILES_MAX + " files");
    }
    files.sort(Comparator.comparing(FileStat::path));
    return List.copyOf(files);
  }

  @Override
  public FileStat stat(String path) {
    requirePath(path);
    String mark = Scripts.mark();
    return stats(ask(Scripts.stat(mark, path), mark, path)).stream()
        .findFirst()
        .orElseThrow(() -> refusal("agent_error", path + " was not told of"));
  }

  private static List<FileStat> stats(String printed) {
    List<FileStat> all = new ArrayList<>();
    for (String line : printed.split("\0", -1)) {
      String[] parts = line.split("\t", 6);
      if (parts.length == 6) {
        String type =
            switch (parts[0]) {
              case "f" -> "file";
              case "d" -> "directory";
              case "l" -> "link";
              default -> "other";
            };
        all.add(
            new FileStat(
                parts[5],
                type,
                number(parts[1], 10),
                (int) number(parts[2], 8),
                (int) number(parts[3], 10),
                number(parts[4].split("\\.", 2)[0], 10) * 1_000));
      }
    }
    return all;
  }

  /** A sandbox may have been made to say anything. */
  private static long number(String text, int radix) {
    if (!text.matches("-?[0-9]{1,15}")) {
      throw refusal("agent_error", "'" + Text.visible(text, 40) + "' is no number");
    }
    try {
      return Long.parseLong(text, radix);
    } catch (NumberFormatException e) {
      throw SandboxException.lasting(
          "agent_error", "'" + text + "' is no number of base " + radix, "", e);
    }
  }

  @Override
  public void delete(String path) {
    requirePath(path);
    String mark = Scripts.mark();
    ask(Scripts.delete(mark, path), mark, path);
  }

  @Override
  public void makeDirectory(String path, Owner owner) {
    requirePath(path);
    String mark = Scripts.mark();
    ask(Scripts.makeDirectory(mark, path, owner.uid(), owner.mode()), mark, path);
  }

  /** Runs a script of ours and returns what it printed. */
  private String ask(String script, String mark, String what) {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    Counted counted = new Counted(into(printed), LISTING_MAX, mark);
    counted.requireDone(run(script, CALL, counted), what);
    if (counted.truncated()) {
      throw refusal("too_many_files", what + " is too long a listing");
    }
    return printed.toString(StandardCharsets.UTF_8);
  }

  private int run(String script, Duration patience, ExecOutput output) {
    requireLife();
    open.incrementAndGet();
    try {
      return service.run(remote, script, patience, output);
    } catch (SandboxException e) {
      throw gone(e);
    } finally {
      open.decrementAndGet();
    }
  }

  private void guarded(Runnable call) {
    requireLife();
    open.incrementAndGet();
    try {
      call.run();
    } catch (SandboxException e) {
      throw gone(e);
    } finally {
      open.decrementAndGet();
    }
  }

  /** To a caller, a sandbox that the service does not know any more is a lost one. */
  private SandboxException gone(SandboxException e) {
    return e.code().equals("no_such_vm")
        ? SandboxException.passing("guest_lost", e.failure().message(), "obtain another one", e)
        : e;
  }

  private void requireLife() {
    if (ended) {
      throw SandboxException.passing(
          "guest_lost", "the VM " + id + " was put away", "obtain it again", null);
    }
  }

  private static SandboxException refusal(String code, String message) {
    return SandboxException.lasting(code, message, "");
  }

  private static void requireText(String text) {
    if (text.indexOf('\0') >= 0) {
      throw refusal("bad_request", "a word with a zero byte");
    }
  }

  private static void requirePath(String path) {
    boolean good =
        path.startsWith("/")
            && path.indexOf('\0') < 0
            && !Arrays.asList(path.split("/", -1)).contains("..");
    if (!good) {
      throw refusal("invalid_path", "'" + Text.visible(path, 100) + "' is no path of a guest");
    }
  }
}
