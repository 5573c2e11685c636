package org.choir.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.SecureRandom;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.choir.core.AuditEvent;
import org.choir.core.TenantId;
import org.jspecify.annotations.Nullable;

/** An event, checked and taken apart, that has no place in the log yet. */
final class EventDraft {
  private static final long LARGEST_SEQ = (1L << 53) - 1;
  private static final String NO_HASH = "0".repeat(64);

  /** Who acts where no run does: the server itself, and a person at the command line. */
  private static final Set<String> STANDING =
      Set.of(AuditChain.SERVER.value(), "rbyhand", "rperson");

  private final AuditEvent event;
  private final EventKind kind;
  private final EventKind.Parts parts;
  private final @Nullable Payload payload;
  private final String agent;
  private final Optional<EventIndex.Head> place;
  private final CompletableFuture<Long> done = new CompletableFuture<>();
  private volatile @Nullable Leaf made;

  private EventDraft(
      AuditEvent event, EventKind kind, EventKind.Parts parts, @Nullable Payload payload) {
    this.event = event;
    this.kind = kind;
    this.parts = parts;
    this.payload = payload;
    this.agent = EventIndex.agent(event.id());
    this.place = EventIndex.head(event.id());
  }

  /**
   * Checks an event.
   *
   * @throws EventRefusedException if it is not what the registry says, or not of this tenant
   */
  static EventDraft of(AuditEvent event, TenantId tenant, Kinds kinds, SecureRandom random) {
    EventKind kind = kinds.toWrite(event.kind());
    if (!event.tenant().equals(tenant)) {
      throw new EventRefusedException(kind.name(), "it belongs to the tenant " + event.tenant());
    }
    if (!(event.data() instanceof ObjectNode data)) {
      throw new EventRefusedException(kind.name(), "its data is no object");
    }
    if (!(event.id() + event.template()).matches("[A-Za-z0-9._:/@+-]{0,400}")) {
      throw new EventRefusedException(kind.name(), "its id or template is no word");
    }
    EventKind.Parts parts = kind.take(data);
    Payload payload = null;
    if (!parts.personal().isEmpty()) {
      byte[] salt = new byte[Payload.SALT_BYTES];
      random.nextBytes(salt);
      payload = Payload.of(salt, parts.personal());
    }
    EventDraft draft = new EventDraft(event, kind, parts, payload);
    int bytes = draft.leaf(LARGEST_SEQ, NO_HASH).length;
    if (bytes > Leaf.BYTES_MAX) {
      throw new EventRefusedException(
          kind.name(), "its leaf of " + bytes + " bytes is longer than " + Leaf.BYTES_MAX);
    }
    return draft;
  }

  /** Whose history it comes from; empty if from none. */
  String agent() {
    return agent;
  }

  /** Its place in that history. */
  Optional<EventIndex.Head> place() {
    return place;
  }

  /** Its personal fields; null if it has none. */
  @Nullable Payload payload() {
    return payload;
  }

  /** Completed with its index when it is durable. */
  CompletableFuture<Long> done() {
    return done;
  }

  /** The leaf that was made of it last. */
  Leaf made() {
    Leaf leaf = made;
    if (leaf == null) {
      throw new IllegalStateException("no leaf was made of it");
    }
    return leaf;
  }

  /** Whether it tells the gate's rules. */
  boolean isGate() {
    return kind.name().equals("gate.configured");
  }

  /** The digest of the rules it tells. */
  String gate() {
    return parts.digests().path("configuration").asText();
  }

  /** The run it belongs to; empty if to none. */
  String intent() {
    return STANDING.contains(event.agent().value()) ? "" : event.agent().run().value();
  }

  /** Its leaf at this place. */
  byte[] leaf(long seq, String prev) {
    Leaf leaf =
        new Leaf(
            seq,
            event.tenant().value(),
            event.at().truncatedTo(ChronoUnit.MILLIS),
            kind.name(),
            kind.version(),
            event.id(),
            parts.actor().isEmpty() ? event.agent().value() : parts.actor(),
            parts.subject(),
            intent(),
            parts.verdict(),
            event.template(),
            Prose.RENDERER,
            payload == null ? "" : payload.commitment(),
            prev,
            parts.digests(),
            parts.data());
    made = leaf;
    return leaf.bytes();
  }
}
