package org.choir.sandbox.hosted;

import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.choir.sandbox.Capability;
import org.choir.sandbox.ExecOutput;
import org.choir.sandbox.VmSpec;

/**
 * A service that runs sandboxes, as little of it as is needed. Failures are {@link
 * org.choir.sandbox.SandboxException}s: {@code service_refused_key} (its key), {@code
 * service_limit} (too many requests, after some were tried again), {@code service_unavailable} (its
 * own failure), {@code guest_lost} (the sandbox is gone, or an answer of it that cannot be asked
 * for again).
 */
public interface HostedService {
  /** One word, for example {@code e2b}. */
  String name();

  Set<Capability> capabilities();

  /**
   * A sandbox of the service.
   *
   * @param id the service's own
   * @param labels what it was created with
   * @param access what its own calls need; a secret, empty for none
   */
  record Remote(
      String id, State state, Map<String, String> labels, long startedMillis, String access) {
    public Remote {
      labels = Map.copyOf(labels);
    }

    /** Without the secret. */
    @Override
    public String toString() {
      return "sandbox " + id + " (" + state + ")";
    }
  }

  /** Where a sandbox stands. */
  enum State {
    RUNNING,
    SUSPENDED,
    CHANGING,
    GONE
  }

  /**
   * A new sandbox with these labels, running; one that an earlier, unanswered call made is taken.
   */
  Remote create(VmSpec spec, Map<String, String> labels);

  /** All sandboxes with these labels, running and suspended. */
  List<Remote> list(Map<String, String> labels);

  /** One by the service's id; empty if it is gone. */
  Optional<Remote> find(String id);

  /** Puts a running one away; returns when it is. */
  Remote suspend(Remote remote);

  /** Runs one that was put away; returns when it does. */
  Remote resume(Remote remote);

  /** Ends one; without effect if it is gone. */
  void destroy(Remote remote);

  /**
   * Runs a script of {@code bash} as root, never twice.
   *
   * @param patience for its end; past it the script is ended and this is {@code guest_unresponsive}
   * @return its exit code
   */
  int run(Remote remote, String script, Duration patience, ExecOutput output);

  /** Copies a whole file, as root; the caller has checked what it is. */
  void download(Remote remote, String path, OutputStream out);

  /** Writes a whole file, as root; its folder is there. */
  void upload(Remote remote, String path, InputStream body, long size);
}
