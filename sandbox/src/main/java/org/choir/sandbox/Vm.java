package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.choir.core.Digest;
import org.jspecify.annotations.Nullable;

/**
 * One running microVM, as its user sees it. Every call has a deadline and fails with {@link
 * SandboxException}; after {@code guest_lost} the VM is gone and its caller obtains another.
 * Thread-safe.
 */
public interface Vm extends AutoCloseable {

  /** The id under which it was created, for example a run's id. */
  String id();

  /** {@code kvm} or {@code tcg}. */
  String accelerator();

  /** The hypervisor's process id. */
  long pid();

  /**
   * Runs a command and returns when its process has ended (never waiting for the end of its pipes)
   * or its timeout has killed the whole process group. Whatever it left running in the background,
   * in sessions of its own too, ends with it. Its standard input is empty.
   *
   * <p>A program that is not there fails with {@code file_not_found}, a user below 1000 with {@code
   * permission_denied}. If {@code output} throws, the command is ended and the exception passed on.
   */
  default ExecResult exec(ExecRequest request, ExecOutput output) {
    try (Execution running = start(request.keptFor(Duration.ZERO))) {
      return running.await(output);
    }
  }

  /**
   * Starts a command and returns when it runs; it fails as {@link #exec} does. The caller closes
   * what it gets.
   */
  default Execution start(ExecRequest request) {
    throw unsupported("commands that are followed");
  }

  /**
   * Follows a command that runs, or has ended and is kept, from where its caller has read it. What
   * lies before the newest 128 KiB of a stream comes from the guest's disk.
   *
   * @throws SandboxException {@code no_such_exec}
   */
  default Execution attach(String execution, long stdoutOffset, long stderrOffset) {
    throw unsupported("commands that are found again");
  }

  /** The commands that run or are kept, the oldest first. */
  default List<ExecInfo> executions() {
    throw unsupported("a list of commands");
  }

  /**
   * Sends a signal to a command's process group; 0 ends it and all it started at once.
   *
   * @throws SandboxException {@code no_such_exec}, {@code exec_ended}
   */
  default void signal(String execution, int signal) {
    throw unsupported("signals");
  }

  /**
   * Copies a file's bytes to {@code out}, at most {@code limit} from {@code offset}.
   *
   * @return the number of bytes copied
   */
  long read(String path, long offset, long limit, OutputStream out);

  /**
   * Writes a file whole: a new one is renamed into place; missing parents are made. Only below
   * {@code /workspace} and {@code /tmp}, wherever links lead; a body of another size than announced
   * is {@code bad_request} and changes nothing.
   */
  void write(String path, InputStream body, long size, Owner owner);

  /**
   * As {@link #write(String, InputStream, long, Owner)}, if the file is still what the writer knew.
   *
   * @throws FileConflictException if it is not; it tells the digest of what is there
   */
  default void write(String path, InputStream body, long size, Owner owner, Base base) {
    if (!(base instanceof Base.Anything)) {
      throw unsupported("writes that compare first");
    }
    write(path, body, size, owner);
  }

  /**
   * Adds to a file, for the rest of a transfer that was cut off; a failure leaves it as long as it
   * was.
   *
   * @param offset its size until now; another is a {@code conflict}
   */
  default void append(String path, long offset, InputStream body, long size) {
    throw unsupported("adding to a file");
  }

  /**
   * Reads several files, each into memory, with one outcome for each, in order.
   *
   * @param limit bytes of one file; a larger one is {@code too_large}
   * @throws SandboxException only for a failure of the VM itself
   */
  default List<FileOutcome> readAll(List<String> paths, int limit) {
    return FileBatch.read(this, paths, limit);
  }

  /** Writes several files, with one outcome for each, in the map's order. */
  default List<FileOutcome> writeAll(Map<String, byte[]> files, Owner owner) {
    return FileBatch.write(this, files, owner);
  }

  /**
   * A directory's entries, sorted by path; with {@code recursive} those of all directories below
   * too, links not followed. At most 200,000 ({@code too_many_files}).
   */
  List<FileStat> list(String path, boolean recursive);

  /** What is at this path; a link itself, not its target. */
  FileStat stat(String path);

  /** Removes a file or a directory with all it holds. */
  void delete(String path);

  /** Makes a directory and its parents; without effect if it exists. */
  void makeDirectory(String path, Owner owner);

  /** Whether a call is open: such a VM is in use, however long that takes. */
  default boolean busy() {
    return false;
  }

  /**
   * Replaces what this VM may reach outside; a VM that was told nothing reaches nothing. Counts for
   * connections made from now on and is kept as long as the VM, through restarts of this process.
   *
   * @throws SandboxException {@code not_supported} where the driver has no say in this
   */
  default void allow(EgressPolicy policy) {
    throw SandboxException.lasting(
        "not_supported", "the VM " + id() + " is on a driver without an egress policy", "");
  }

  /**
   * A request to the agent that concerns this VM's encrypted volume or signing key.
   *
   * @param secret read only by a process of the guest that lives for this request, and cleared by
   *     the caller; null for a request without one
   * @throws SandboxException {@code unsupported} where VMs must hold no keys
   */
  default JsonNode keep(ObjectNode request, byte @Nullable [] secret) {
    throw SandboxException.lasting(
        "unsupported",
        "the VM " + id() + " lives with a service that must hold no keys",
        "volumes and signing keys need a VM of this machine");
  }

  /** Stops the guest (sync, then end) and removes what it left on the host. */
  @Override
  void close();

  /**
   * Who owns a file in the guest. Tools run as 1000 (the run's lead) or 1000 + n (its n-th
   * subagent), never as root.
   *
   * @param mode permission bits, for example 0644
   */
  record Owner(int uid, int mode) {}

  /** What must be at a path for a write to happen. */
  sealed interface Base {
    /** Whatever is there is replaced. */
    record Anything() implements Base {}

    /** Nothing may be there. */
    record Absent() implements Base {}

    /** A file with this content must be there. */
    record Content(Digest digest) implements Base {}
  }

  private SandboxException unsupported(String what) {
    return SandboxException.lasting(
        "unsupported", "the VM " + id() + " does not offer " + what, "use another driver");
  }

  /**
   * One file.
   *
   * @param type {@code file}, {@code directory}, {@code link} or {@code other}
   * @param size bytes
   * @param modifiedMillis since 1970, by the guest's clock
   */
  record FileStat(String path, String type, long size, int mode, int uid, long modifiedMillis) {}
}
