package org.choir.backbone;

import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.choir.core.Json;

/**
 * The configuration that nats-server is started with, written anew at every start. It holds no
 * secret. Each identity has an allow-list; the three denied subjects would let any account purge
 * another's data, remove a server or move a stream.
 */
final class NatsConfiguration {
  static final String STATE = "VIBEWRITER_STATE";
  static final String STATE_PREFIX = "vibewriter.state.";
  static final String CONTROL_PREFIX = "vibewriter.control.";
  static final String BUCKET = "VIBEWRITER_FILES";

  /** News that anybody may read. */
  static final String EVENTS = "CHOIR_EVENTS";

  static final String FILES = "OBJ_" + BUCKET;
  static final String CHOIR_INBOX = "_INBOX_choir.";
  static final String ARCHIVER_INBOX = "_INBOX_archiver.";
  static final int MAX_PAYLOAD_BYTES = 1 << 20;

  /** Room for an object's name of {@link FileStore#PATH_BYTES_MAX} bytes in base64. */
  static final int MAX_CONTROL_LINE_BYTES = 8192;

  static final List<String> DENIED =
      List.of("$JS.API.ACCOUNT.PURGE.>", "$JS.API.SERVER.REMOVE", "$JS.API.ACCOUNT.STREAM.>");

  /** Far above any disk: what limits the store is the disk, whose end is reported as such. */
  private static final long STORE_BYTES_MAX = 1L << 50;

  private NatsConfiguration() {}

  /**
   * The text of the file.
   *
   * @param syncAlways flush every write to the disk; only 2.10 and newer know it
   */
  static String text(Path folder, int port, Credentials credentials, boolean syncAlways) {
    return """
        server_name: choir
        listen: "127.0.0.1:%d"
        max_connections: 64
        max_payload: %d
        max_control_line: %d
        pid_file: %s
        log_file: %s
        logfile_size_limit: 16777216
        jetstream {
          store_dir: %s
          max_memory_store: 67108864
          max_file_store: %d%s
        }
        system_account: SYS
        accounts {
          SYS {}
          CHOIR {
            jetstream: enabled
            default_permissions { publish { deny: %s } }
            users: [
              { nkey: %s, permissions: %s }
              { nkey: %s, permissions: %s }
            ]
          }
        }
        """
        .formatted(
            port,
            MAX_PAYLOAD_BYTES,
            MAX_CONTROL_LINE_BYTES,
            quoted(folder.resolve("nats-server.pid").toString()),
            quoted(folder.resolve("nats-server.log").toString()),
            quoted(folder.resolve("store").toString()),
            STORE_BYTES_MAX,
            syncAlways ? "\n  sync_interval: always" : "",
            list(DENIED),
            credentials.choir().name(),
            permissions(
                choirPublishes(),
                List.of(CHOIR_INBOX + ">", CONTROL_PREFIX + "*", "kb.search.*", "$SRV.>")),
            credentials.archiver().name(),
            permissions(List.of("$JS.API.STREAM.PURGE." + STATE), List.of(ARCHIVER_INBOX + ">")));
  }

  private static List<String> choirPublishes() {
    List<String> allowed =
        new ArrayList<>(
            List.of(
                STATE_PREFIX + "*",
                CONTROL_PREFIX + "*",
                "$O." + BUCKET + ".>",
                "kb.>",
                "citation.>",
                "ledger.>",
                "$SRV.>",
                CHOIR_INBOX + ">",
                "$JS.API.INFO",
                "$JS.API.STREAM.PURGE." + FILES,
                "$JS.API.DIRECT.GET." + FILES,
                "$JS.API.DIRECT.GET." + FILES + ".>"));
    for (String stream : List.of(STATE, FILES, EVENTS)) {
      allowed.add("$JS.API.STREAM.CREATE." + stream);
      allowed.add("$JS.API.STREAM.INFO." + stream);
      allowed.add("$JS.API.STREAM.MSG.GET." + stream);
      allowed.add("$JS.API.CONSUMER.CREATE." + stream + ".>");
      allowed.add("$JS.API.CONSUMER.INFO." + stream + ".*");
      allowed.add("$JS.API.CONSUMER.DELETE." + stream + ".*");
      allowed.add("$JS.API.CONSUMER.MSG.NEXT." + stream + ".*");
    }
    return allowed;
  }

  private static String permissions(List<String> publish, List<String> subscribe) {
    return "{ publish { allow: %s, deny: %s }, subscribe { allow: %s } }"
        .formatted(list(publish), list(DENIED), list(subscribe));
  }

  private static String list(List<String> subjects) {
    return subjects.stream()
        .map(NatsConfiguration::quoted)
        .collect(Collectors.joining(", ", "[", "]"));
  }

  /** The configuration's strings escape as JSON's do. */
  private static String quoted(String text) {
    return Json.write(TextNode.valueOf(text));
  }
}
