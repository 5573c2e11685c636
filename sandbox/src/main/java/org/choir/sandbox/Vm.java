package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
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
  ExecResult exec(ExecRequest request, ExecOutput output);

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

  /**
   * One file.
   *
   * @param type {@code file}, {@code directory}, {@code link} or {@code other}
   * @param size bytes
   * @param modifiedMillis since 1970, by the guest's clock
   */
  record FileStat(String path, String type, long size, int mode, int uid, long modifiedMillis) {}
}
