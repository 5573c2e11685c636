package org.choir.sandbox.hosted;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * One sandbox of a local service: a root file system of its own (this machine's below, a folder
 * above), processes in a namespace of their own. Commands in it are real ones.
 */
public final class LocalBox {
  private final Path home;
  private final Path root;
  private Process holder;
  private long inside;

  LocalBox(Path home) throws IOException {
    this.home = home;
    this.root = home.resolve("root");
    for (String name : List.of("upper", "work", "root")) {
      Files.createDirectories(home.resolve(name));
    }
    start();
  }

  /** Begins to run, with the disk it had. */
  public void start() throws IOException {
    String script =
        """
        set -e
        mount -t overlay overlay -o lowerdir=/,upperdir=%1$s/upper,workdir=%1$s/work %1$s/root
        mount -t proc proc %1$s/root/proc
        mount --rbind /dev %1$s/root/dev
        mount -t tmpfs -o mode=1777 tmpfs %1$s/root/tmp
        echo ready
        exec sleep infinity
        """
            .formatted(home);
    holder =
        new ProcessBuilder(
                "unshare",
                "--mount",
                "--propagation",
                "private",
                "--pid",
                "--fork",
                "--kill-child",
                "bash",
                "-c",
                script)
            .redirectErrorStream(true)
            .start();
    byte[] said = holder.getInputStream().readNBytes("ready\n".length());
    if (!new String(said, StandardCharsets.UTF_8).equals("ready\n")) {
      throw new IOException(
          "no sandbox: "
              + new String(said, StandardCharsets.UTF_8)
              + new String(holder.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }
    inside = holder.toHandle().children().findFirst().orElseThrow().pid();
  }

  /** A command in it, as root. */
  public Process run(List<String> argv) throws IOException {
    List<String> words =
        new ArrayList<>(
            List.of(
                "nsenter",
                "--target",
                Long.toString(inside),
                "--mount",
                "--pid",
                "--",
                "chroot",
                root.toString()));
    words.addAll(argv);
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    return builder.start();
  }

  public int finish(Process process) throws IOException {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      throw new IOException(e);
    }
  }

  /** Writes a file; whether it could. */
  public boolean write(String path, InputStream body) throws IOException {
    Process process = run(List.of("/bin/bash", "-c", "cat > \"$0\"", path));
    try (var out = process.getOutputStream()) {
      body.transferTo(out);
    } catch (IOException e) {
      return false; // it ended before
    }
    return finish(process) == 0;
  }

  /** A file's bytes as they come; nothing if it is none. */
  public InputStream read(String path) throws IOException {
    return run(List.of("cat", "--", path)).getInputStream();
  }

  public boolean isFile(String path) throws IOException {
    return finish(run(List.of("test", "-f", path))) == 0;
  }

  public void freeze() throws IOException {
    finish(run(List.of("/bin/bash", "-c", "kill -STOP -1")));
  }

  public void thaw() throws IOException {
    finish(run(List.of("/bin/bash", "-c", "kill -CONT -1")));
  }

  /** Ends all processes; the disk stays. */
  public void halt() throws IOException {
    ProcessHandle.of(inside).ifPresent(ProcessHandle::destroyForcibly);
    try {
      holder.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  public void remove() throws IOException {
    halt();
    try (Stream<Path> all = Files.walk(home)) {
      all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    }
  }
}
