package org.choir.backbone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.api.DiscardPolicy;
import io.nats.client.api.RetentionPolicy;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import io.nats.client.api.StreamInfo;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/**
 * The settings of the two streams. An older nats-server drops settings that it does not know
 * without a word, and a stream may have been made by something else: so what the server says a
 * stream has is compared with what was asked.
 */
final class Streams {
  private static final int NOT_FOUND = 10059;

  private static final long EVENT_BYTES_MAX = 1L << 30;

  private Streams() {}

  /**
   * One subject per agent, no deletes. Purging is left to the archiver's identity, which the
   * permissions see to: {@code deny_purge} would forbid it to everybody.
   */
  static StreamConfiguration state(Duration duplicateWindow) {
    return StreamConfiguration.builder()
        .name(NatsConfiguration.STATE)
        .subjects(NatsConfiguration.STATE_PREFIX + "*")
        .storageType(StorageType.File)
        .retentionPolicy(RetentionPolicy.Limits)
        .discardPolicy(DiscardPolicy.New)
        .replicas(1)
        .duplicateWindow(duplicateWindow)
        .denyDelete(true)
        .build();
  }

  /** The stream behind the object store, as ADR-20 lays it out. */
  static StreamConfiguration files() {
    String subjects = "$O." + NatsConfiguration.BUCKET;
    return StreamConfiguration.builder()
        .name(NatsConfiguration.FILES)
        .subjects(subjects + ".C.>", subjects + ".M.>")
        .storageType(StorageType.File)
        .retentionPolicy(RetentionPolicy.Limits)
        .discardPolicy(DiscardPolicy.New)
        .replicas(1)
        .duplicateWindow(Duration.ofMinutes(2))
        .allowRollup(true)
        .allowDirect(true)
        .build();
  }

  /** News of articles and citations: no deletes, the oldest go when it is full. */
  static StreamConfiguration events() {
    return StreamConfiguration.builder()
        .name(NatsConfiguration.EVENTS)
        .subjects(
            "kb.publish.*",
            "kb.review.*",
            "kb.boost.*",
            "kb.account.*",
            "citation.new.*",
            "citation.withdrawn.*",
            "citation.frozen.*",
            "citation.released.*",
            "citation.reward.*",
            "ledger.transfers")
        .storageType(StorageType.File)
        .retentionPolicy(RetentionPolicy.Limits)
        .discardPolicy(DiscardPolicy.Old)
        .maxBytes(EVENT_BYTES_MAX)
        .replicas(1)
        .duplicateWindow(Duration.ofMinutes(10))
        .denyDelete(true)
        .build();
  }

  /**
   * Creates the stream if it is missing and compares its settings.
   *
   * @throws ChoirException {@code stream_settings}, naming what differs
   */
  static void require(Link link, StreamConfiguration asked) {
    StreamConfiguration had =
        link.call("create the stream " + asked.getName(), () -> create(link, asked));
    requireSame(asked, had);
  }

  private static StreamConfiguration create(Link link, StreamConfiguration asked)
      throws IOException, JetStreamApiException {
    JetStreamManagement management = link.management();
    StreamInfo info;
    try {
      info = management.getStreamInfo(asked.getName());
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() != NOT_FOUND) {
        throw e;
      }
      info = management.addStream(asked);
    }
    return info.getConfiguration();
  }

  static void requireSame(StreamConfiguration asked, StreamConfiguration had) {
    List<String> differences = differences(asked, had);
    if (!differences.isEmpty()) {
      throw ChoirException.fatal(
          "stream_settings",
          "the stream "
              + asked.getName()
              + " has other settings than asked for: "
              + String.join(", ", differences),
          "use the nats-server that Choir is tested with; if another program made this stream, give"
              + " Choir a CHOIR_HOME of its own");
    }
  }

  private static List<String> differences(StreamConfiguration asked, StreamConfiguration had) {
    ObjectNode left = Json.parseObject(asked.toJson());
    ObjectNode right = Json.parseObject(had.toJson());
    Set<String> names = new TreeSet<>();
    left.fieldNames().forEachRemaining(names::add);
    right.fieldNames().forEachRemaining(names::add);
    names.remove("metadata"); // newer servers write their version there
    List<String> found = new ArrayList<>();
    for (String name : names) {
      String a = value(left.path(name));
      String b = value(right.path(name));
      if (!a.equals(b)) {
        found.add(name + " is " + b + ", asked was " + a);
      }
    }
    return found;
  }

  /** A setting at its default is written or left out at will; both read as "default". */
  private static String value(JsonNode node) {
    boolean byDefault =
        switch (node.getNodeType()) {
          case MISSING, NULL -> true;
          case BOOLEAN -> !node.booleanValue();
          case NUMBER -> node.longValue() == 0 || node.longValue() == -1;
          case STRING -> node.textValue().isEmpty() || node.textValue().equals("none");
          case ARRAY, OBJECT -> node.isEmpty();
          default -> false;
        };
    return byDefault ? "default" : node.toString();
  }
}
