package org.choir.sandbox.firecracker;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What Firecracker 1.16 accepts: for each endpoint the states in which it may be called and the
 * fields of its body, {@code !} marking those that must be there. Written from its public API
 * description.
 */
final class FirecrackerApi {
  /** Where a machine stands. */
  enum State {
    NOT_STARTED("Not started"),
    RUNNING("Running"),
    PAUSED("Paused");

    final String word;

    State(String word) {
      this.word = word;
    }
  }

  private static final String TABLE =
      """
      GET / any
      GET /version any
      GET /vm/config any
      GET /machine-config any
      PUT /machine-config pre vcpu_count!:1-32 mem_size_mib!:int smt:bool track_dirty_pages:bool huge_pages:None|2M cpu_template:str
      PATCH /machine-config pre vcpu_count!:1-32 mem_size_mib!:int smt:bool track_dirty_pages:bool huge_pages:None|2M cpu_template:str
      PUT /boot-source pre kernel_image_path!:str initrd_path:str boot_args:str
      PUT /cpu-config pre kvm_capabilities:any cpuid_modifiers:any msr_modifiers:any reg_modifiers:any vcpu_features:any
      PUT /drives/{id} pre drive_id!:id is_root_device!:bool partuuid:str cache_type:Unsafe|Writeback is_read_only:bool path_on_host:str rate_limiter:limiter io_engine:Sync|Async socket:str
      PATCH /drives/{id} post drive_id!:id path_on_host:str rate_limiter:limiter
      PUT /pmem/{id} pre id!:id path_on_host!:str root_device:bool read_only:bool rate_limiter:limiter
      PATCH /pmem/{id} post id!:id rate_limiter:limiter
      PUT /network-interfaces/{id} pre iface_id!:id host_dev_name!:str guest_mac:str mtu:int rx_rate_limiter:limiter tx_rate_limiter:limiter
      PATCH /network-interfaces/{id} post iface_id!:id rx_rate_limiter:limiter tx_rate_limiter:limiter
      PUT /vsock pre guest_cid!:3-4294967294 uds_path!:str vsock_id:str
      PUT /entropy pre rate_limiter:limiter
      PUT /serial pre serial_out_path:str rate_limiter:bucket
      PUT /logger pre log_path:str level:Error|Warning|Info|Debug|Trace|Off show_level:bool show_log_origin:bool module:str
      PUT /metrics pre metrics_path!:str
      PUT /mmds/config pre network_interfaces!:any version:V1|V2 ipv4_address:str imds_compat:bool
      GET /mmds any
      PUT /mmds any
      PATCH /mmds any
      PUT /balloon pre amount_mib!:int deflate_on_oom!:bool stats_polling_interval_s:int free_page_hinting:bool free_page_reporting:bool
      GET /balloon any
      PATCH /balloon post amount_mib!:int
      GET /balloon/statistics post
      PATCH /balloon/statistics post stats_polling_interval_s!:int
      PATCH /balloon/hinting/start post acknowledge_on_stop:bool
      GET /balloon/hinting/status post
      PATCH /balloon/hinting/stop post
      GET /hotplug/memory any
      PUT /hotplug/memory pre total_size_mib:int slot_size_mib:int block_size_mib:int
      PATCH /hotplug/memory post requested_size_mib:int
      PUT /actions any action_type!:InstanceStart|FlushMetrics|SendCtrlAltDel
      PATCH /vm post state!:Paused|Resumed
      PUT /snapshot/create paused mem_file_path!:str snapshot_path!:str snapshot_type:Full|Diff
      PUT /snapshot/load pre snapshot_path!:str mem_backend:backend mem_file_path:str enable_diff_snapshots:bool track_dirty_pages:bool resume_vm:bool network_overrides:any vsock_override:override clock_realtime:bool
      """;

  private static final Map<String, String> OBJECTS =
      Map.of(
          "limiter", "bandwidth:bucket ops:bucket",
          "bucket", "size!:int refill_time!:int one_time_burst:int",
          "backend", "backend_type!:File|Uffd backend_path!:str",
          "override", "uds_path!:str");

  private record Rule(String method, Pattern path, String states, List<Field> fields) {}

  private record Field(String name, boolean needed, String type) {}

  private final List<Rule> rules = new ArrayList<>();

  FirecrackerApi() {
    for (String line : TABLE.lines().toList()) {
      String[] words = line.split(" ", -1);
      Pattern path =
          Pattern.compile(Pattern.quote(words[1]).replace("{id}", "\\E(?<id>[A-Za-z0-9_]+)\\Q"));
      rules.add(
          new Rule(words[0], path, words[2], fields(List.of(words).subList(3, words.length))));
    }
  }

  private static List<Field> fields(List<String> words) {
    return words.stream()
        .map(
            word -> {
              String[] parts = word.split(":", 2);
              String name = parts[0].replace("!", "");
              return new Field(name, parts[0].endsWith("!"), parts[1]);
            })
        .toList();
  }

  /** The words of Firecracker about a request that it refuses; empty for one that it takes. */
  Optional<String> fault(String method, String path, JsonNode body, State state) {
    Rule rule =
        rules.stream()
            .filter(r -> r.method().equals(method) && r.path().matcher(path).matches())
            .findFirst()
            .orElse(null);
    if (rule == null) {
      return Optional.of("Invalid request method and/or path: " + method + " " + path + ".");
    }
    Optional<String> wrong = state(rule, state);
    if (wrong.isPresent()) {
      return wrong;
    }
    if (rule.fields().isEmpty()) {
      return Optional.empty();
    }
    var matcher = rule.path().matcher(path);
    String id =
        matcher.matches() && rule.path().pattern().contains("<id>") ? matcher.group("id") : "";
    return object(rule.fields(), body, id);
  }

  private static Optional<String> state(Rule rule, State state) {
    return switch (rule.states()) {
      case "pre" ->
          state == State.NOT_STARTED
              ? Optional.empty()
              : Optional.of("The requested operation is not supported after starting the microVM.");
      case "post" ->
          state == State.NOT_STARTED
              ? Optional.of("The requested operation is not supported before starting the microVM.")
              : Optional.empty();
      case "paused" ->
          switch (state) {
            case NOT_STARTED ->
                Optional.of(
                    "The requested operation is not supported before starting the microVM.");
            case RUNNING ->
                Optional.of(
                    "Create snapshot error: Cannot save the microVM state: Operation not allowed:"
                        + " save/restore unavailable while running, the microVM is not paused");
            case PAUSED -> Optional.empty();
          };
      default -> Optional.empty();
    };
  }

  private static Optional<String> object(List<Field> fields, JsonNode body, String id) {
    if (!body.isObject()) {
      return Optional.of(
          "An error occurred when deserializing the json body of a request: no object");
    }
    for (var entry : body.properties()) {
      Field field =
          fields.stream().filter(f -> f.name().equals(entry.getKey())).findFirst().orElse(null);
      if (field == null) {
        return Optional.of(
            "An error occurred when deserializing the json body of a request: unknown field `"
                + entry.getKey()
                + "`");
      }
      if (!fits(field.type(), entry.getValue(), id)) {
        return Optional.of(
            "An error occurred when deserializing the json body of a request: invalid value "
                + entry.getValue()
                + " of "
                + field.name());
      }
    }
    return fields.stream()
        .filter(field -> field.needed() && body.path(field.name()).isMissingNode())
        .findFirst()
        .map(
            field ->
                "An error occurred when deserializing the json body of a request: missing field `"
                    + field.name()
                    + "`");
  }

  private static boolean fits(String type, JsonNode value, String id) {
    if (OBJECTS.containsKey(type)) {
      return object(fields(List.of(OBJECTS.get(type).split(" ", -1))), value, "").isEmpty();
    }
    if (type.matches("[0-9]+-[0-9]+")) {
      String[] range = type.split("-", -1);
      return value.isIntegralNumber()
          && value.asLong() >= Long.parseLong(range[0])
          && value.asLong() <= Long.parseLong(range[1]);
    }
    return switch (type) {
      case "any" -> true;
      case "bool" -> value.isBoolean();
      case "int" -> value.isIntegralNumber() && value.asLong() >= 0;
      case "str" -> value.isTextual();
      case "id" -> value.asText().equals(id);
      default -> value.isTextual() && List.of(type.split("\\|", -1)).contains(value.asText());
    };
  }
}
