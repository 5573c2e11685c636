package org.choir.sandbox.hosted;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.choir.core.Text;
import org.choir.sandbox.ExecOutput;
import org.choir.sandbox.ExecRequest;
import org.choir.sandbox.ExecResult;
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

  /** Bodies up to this size wait in memory, larger ones in a file, until their length is known. */
  private static final int BODY_IN_MEMORY = 8 << 20;

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
        counted.stdout,
        counted.stderr);
  }

  @Override
  public long read(String path, long offset, long limit, OutputStream out) {
    requirePath(path);
    String mark = Scripts.mark();
    long size = Long.parseLong(ask(Scripts.beforeRead(mark, path), mark, path).strip());
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
    return counting.count;
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

  /** A body that is known to be whole before anything is changed. */
  private record Spooled(byte[] small, Path large) implements AutoCloseable {
    private static final Path NONE = Path.of("");

    static Spooled of(InputStream body, long size) throws IOException {
      if (size <= BODY_IN_MEMORY) {
        byte[] bytes = body.readNBytes((int) size);
        requireWhole(bytes.length, size);
        return new Spooled(bytes, NONE);
      }
      Path file = Files.createTempFile("choir-upload", ".part");
      Spooled spooled = new Spooled(new byte[0], file);
      boolean done = false;
      try (OutputStream out = Files.newOutputStream(file)) {
        long left = size;
        byte[] part = new byte[1 << 20];
        while (left > 0) {
          int n = body.read(part, 0, (int) Math.min(left, part.length));
          if (n < 0) {
            break;
          }
          out.write(part, 0, n);
          left -= n;
        }
        requireWhole(size - left, size);
        done = true;
        return spooled;
      } finally {
        if (!done) {
          spooled.close();
        }
      }
    }

    private static void requireWhole(long bytes, long size) {
      if (bytes != size) {
        throw SandboxException.lasting(
            "bad_request", "the body has " + bytes + " of " + size + " bytes", "");
      }
    }

    InputStream stream() {
      try {
        return large.equals(NONE) ? new ByteArrayInputStream(small) : Files.newInputStream(large);
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    @Override
    public void close() throws IOException {
      if (!large.equals(NONE)) {
        Files.deleteIfExists(large);
      }
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
    return stats(ask(Scripts.stat(mark, path), mark, path)).getFirst();
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
                Long.parseLong(parts[1]),
                Integer.parseInt(parts[2], 8),
                Integer.parseInt(parts[3]),
                (long) (Double.parseDouble(parts[4]) * 1_000)));
      }
    }
    return all;
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

  /** Output up to a cap; holds back what may be a script's own last word. */
  private static final class Counted implements ExecOutput {
    private final ExecOutput to;
    private final long cap;
    private final byte[] mark;
    private long stdout;
    private long stderr;
    private byte[] held = new byte[0];

    Counted(ExecOutput to, long cap, String mark) {
      this.to = to;
      this.cap = cap;
      this.mark = (mark + ":").getBytes(StandardCharsets.UTF_8);
    }

    boolean truncated() {
      return stdout + stderr > cap;
    }

    @Override
    public void stdout(byte[] bytes) {
      byte[] taken = take(bytes);
      stdout += bytes.length;
      if (taken.length > 0) {
        to.stdout(taken);
      }
    }

    @Override
    public void stderr(byte[] bytes) {
      if (stderr == 0 && mayBeMark(bytes)) {
        held = join(held, bytes);
        return;
      }
      release();
      error(bytes);
    }

    private void error(byte[] bytes) {
      byte[] taken = take(bytes);
      stderr += bytes.length;
      if (taken.length > 0) {
        to.stderr(taken);
      }
    }

    private boolean mayBeMark(byte[] more) {
      byte[] all = join(held, more);
      int n = Math.min(all.length, mark.length);
      return all.length < 200 && Arrays.equals(all, 0, n, mark, 0, n);
    }

    private static byte[] join(byte[] a, byte[] b) {
      byte[] all = Arrays.copyOf(a, a.length + b.length);
      System.arraycopy(b, 0, all, a.length, b.length);
      return all;
    }

    private byte[] take(byte[] bytes) {
      long left = Math.max(0, cap - stdout - stderr);
      return bytes.length <= left ? bytes : Arrays.copyOf(bytes, (int) left);
    }

    private void release() {
      byte[] all = held;
      held = new byte[0];
      if (all.length > 0) {
        error(all);
      }
    }

    /** Throws what the script refused; anything else was the command's own. */
    void requireDone(int code, String what) {
      if (code == Scripts.REFUSED && held.length > mark.length) {
        String said =
            new String(held, mark.length, held.length - mark.length, StandardCharsets.UTF_8);
        throw refusal(
            said.matches("[a-z_]{1,40}") ? said : "agent_error",
            Text.visible(what, 200) + ": " + Text.visible(said.replace('_', ' '), 60));
      }
      release();
    }
  }

  /** Counts, and takes no more than was asked for. */
  private static final class Counting extends FilterOutputStream {
    private final long most;
    private long count;

    Counting(OutputStream out, long most) {
      super(out);
      this.most = most;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      if (count + length > most) {
        throw new IOException("more than the " + most + " bytes of the file");
      }
      out.write(bytes, from, length);
      count += length;
    }
  }
}
