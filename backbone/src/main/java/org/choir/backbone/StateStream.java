package org.choir.backbone;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.choir.core.AgentId;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.jspecify.annotations.Nullable;

/**
 * The histories of all agents: stream {@code VIBEWRITER_STATE}, one subject per agent. Thread-safe.
 */
public final class StateStream {
  StateStream() {}

  /**
   * Appends one boundary; returns when it is stored. Idempotent by message id {@code
   * <agent>:<epoch>:<n>}. Events that do not fit a message go to the object store first and are
   * read back transparently.
   *
   * @param after the entry this one follows, null for the first of the agent
   * @return the stored entry
   * @throws FencedException if another writer has appended in between
   */
  public StateEntry append(
      TenantId tenant,
      AgentId agent,
      long epoch,
      @Nullable StateEntry after,
      List<ObjectNode> events) {
    throw new UnsupportedOperationException();
  }

  /** The agent's whole history, oldest first, its hash chain checked; empty if there is none. */
  public List<StateEntry> read(AgentId agent) {
    throw new UnsupportedOperationException();
  }

  /** The agent's newest entry. */
  public Optional<StateEntry> last(AgentId agent) {
    throw new UnsupportedOperationException();
  }

  /** Every agent that has a history. */
  public List<AgentId> agents() {
    throw new UnsupportedOperationException();
  }

  /**
   * Delivers every entry of every agent with a sequence of at least {@code from}, in order, then
   * live ones, on one thread of its own, until the subscription is closed. One subscription serves
   * the whole process, which fans out.
   */
  public Subscription follow(long from, Consumer<StateEntry> consumer) {
    throw new UnsupportedOperationException();
  }

  /** Ends a delivery. */
  public interface Subscription extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * The chain hash of an entry: SHA-256 over the hash before (or nothing) and the canonical
   * plaintext.
   */
  static Digest hash(@Nullable Digest before, byte[] plaintext) {
    throw new UnsupportedOperationException();
  }
}
