package org.choir.backbone;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nats.client.JetStreamApiException;
import io.nats.client.Message;
import io.nats.client.api.MessageInfo;
import io.nats.client.api.PublishAck;
import io.nats.client.api.StreamInfoOptions;
import io.nats.client.api.Subject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.choir.core.AgentId;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.jspecify.annotations.Nullable;

/**
 * The histories of all agents: stream {@code VIBEWRITER_STATE}, one subject per agent. Thread-safe.
 *
 * <p>Every method waits at most 30 s for a server that is away, then fails with {@code
 * backbone_unavailable}, which may be retried. An append that failed so may have been stored; the
 * agent's history tells.
 */
public final class StateStream {
  private static final int WRONG_LAST_SEQUENCE = 10071;
  private static final int NO_MESSAGE = 10037;
  private static final Duration NEXT_MESSAGE = Duration.ofSeconds(2);

  private final Link link;
  private final StateMessage messages;
  private final InstantSource clock;

  StateStream(Link link, StateMessage messages, InstantSource clock) {
    this.link = link;
    this.messages = messages;
    this.clock = clock;
  }

  /**
   * Appends one boundary; returns when it is stored. Idempotent by message id {@code
   * <agent>:<epoch>:<n>}. Events that do not fit a message go to the object store first and are
   * read back transparently.
   *
   * @param epoch the writer's ownership, not below the one of {@code after}
   * @param after the entry this one follows, null for the first of the agent
   * @param events at least one
   * @return the stored entry, as {@link #read} gives it
   * @throws FencedException if another writer has appended in between
   * @throws org.choir.core.ChoirException {@code backbone_unavailable} (retryable), {@code
   *     disk_full}
   */
  public StateEntry append(
      TenantId tenant,
      AgentId agent,
      long epoch,
      @Nullable StateEntry after,
      List<ObjectNode> events) {
    if (events.isEmpty() || epoch < 0) {
      throw new IllegalArgumentException("an entry has events and an epoch from 0");
    }
    if (after != null
        && (!after.agent().equals(agent)
            || !after.tenant().equals(tenant)
            || after.epoch() > epoch)) {
      throw new IllegalArgumentException("epoch " + epoch + " of " + agent + " cannot follow that");
    }
    StateMessage.Draft draft = messages.draft(tenant, agent, epoch, after, events, clock.instant());
    // The same bytes at every attempt: a repetition is a duplicate, never a second entry.
    return link.call("append to the history of " + agent, () -> publish(draft));
  }

  private StateEntry publish(StateMessage.Draft draft) throws IOException, JetStreamApiException {
    try {
      PublishAck ack = link.stream().publish(draft.message());
      return ack.isDuplicate() ? own(draft) : draft.stored(ack.getSeqno());
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() != WRONG_LAST_SEQUENCE) {
        throw e;
      }
      // An answer that was lost longer ago than the duplicate window, or another writer.
      return own(draft);
    }
  }

  /** The entry of this id if it is the newest and says the same; otherwise another has written. */
  private StateEntry own(StateMessage.Draft draft) throws IOException, JetStreamApiException {
    Optional<StateMessage.Read> newest = newest(draft.agent());
    if (newest.isPresent()
        && newest.get().id().equals(draft.id())
        && newest.get().entry().hash().equals(StateStream.hash(draft.previous(), draft.plain()))) {
      return newest.get().entry();
    }
    throw new FencedException(draft.agent());
  }

  /**
   * The agent's whole history, oldest first, its hash chain checked; empty if there is none.
   *
   * @throws org.choir.core.ChoirException {@code history_damaged} naming the first bad sequence,
   *     {@code newer_schema}, {@code unknown_key}
   */
  public List<StateEntry> read(AgentId agent) {
    String what = "read the history of " + agent;
    long end = link.call(what, () -> lastMessage(agent).map(MessageInfo::getSeq).orElse(0L));
    History history = new History(agent);
    return link.call(what, () -> readOn(agent, history, end)).entries();
  }

  /** Adds what is missing up to the end; a repeated call goes on where the last one stopped. */
  private History readOn(AgentId agent, History history, long end)
      throws IOException, JetStreamApiException, InterruptedException {
    if (history.next() > end) {
      return history;
    }
    String subject = StateMessage.subject(agent);
    try (Pass pass = new Pass(link, NatsConfiguration.STATE, subject, history.next())) {
      while (history.next() <= end) {
        Message message = pass.next(NEXT_MESSAGE);
        if (message == null) {
          throw new IOException("event " + end + " of " + agent + " is not delivered");
        }
        history.add(read(message));
      }
    }
    return history;
  }

  StateMessage.Read read(Message message) {
    return messages.read(
        message.metaData().streamSequence(),
        message.getSubject(),
        message.getHeaders(),
        message.getData());
  }

  /** The agent's newest entry. */
  public Optional<StateEntry> last(AgentId agent) {
    return link.call("read the history of " + agent, () -> newest(agent))
        .map(StateMessage.Read::entry);
  }

  private Optional<StateMessage.Read> newest(AgentId agent)
      throws IOException, JetStreamApiException {
    return lastMessage(agent)
        .map(
            info ->
                messages.read(
                    info.getSeq(),
                    StateMessage.subject(agent),
                    info.getHeaders(),
                    info.getData() == null ? new byte[0] : info.getData()));
  }

  private Optional<MessageInfo> lastMessage(AgentId agent)
      throws IOException, JetStreamApiException {
    try {
      return Optional.of(
          link.management().getLastMessage(NatsConfiguration.STATE, StateMessage.subject(agent)));
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() == NO_MESSAGE) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Every agent that has a history, ordered by id. */
  public List<AgentId> agents() {
    List<Subject> subjects =
        link.call(
            "list the histories",
            () ->
                link.management()
                    .getStreamInfo(
                        NatsConfiguration.STATE,
                        StreamInfoOptions.filterSubjects(NatsConfiguration.STATE_PREFIX + "*"))
                    .getStreamState()
                    .getSubjects());
    List<AgentId> agents = new ArrayList<>();
    for (Subject subject : subjects) {
      agents.add(new AgentId(subject.getName().substring(NatsConfiguration.STATE_PREFIX.length())));
    }
    agents.sort(Comparator.comparing(AgentId::value));
    return agents;
  }

  /**
   * Delivers every entry of every agent with a sequence of at least {@code from}, in order, then
   * live ones, on one thread of its own, until the subscription is closed. One subscription serves
   * the whole process, which fans out. It outlives restarts of the server. An entry that cannot be
   * read is logged and left out; {@link #read} of its agent names it.
   */
  public Subscription follow(long from, Consumer<StateEntry> consumer) {
    return Follower.start(link, this, from, consumer);
  }

  /** Ends a delivery. */
  public interface Subscription extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * The chain hash of an entry: SHA-256 over the 64 hexadecimal digits of the hash before (nothing
   * for the first), a line feed, and the plaintext: the bytes of the JSON array of events as they
   * were written.
   */
  static Digest hash(@Nullable Digest before, byte[] plaintext) {
    MessageDigest sha256 = Digest.sha256();
    sha256.update(((before == null ? "" : before.hex()) + "\n").getBytes(StandardCharsets.UTF_8));
    sha256.update(plaintext);
    return Digest.finish(sha256);
  }
}
