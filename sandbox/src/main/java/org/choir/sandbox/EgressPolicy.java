package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.choir.core.Json;
import org.choir.core.TenantId;

/**
 * What one VM may reach: nothing but what is listed.
 *
 * <p>Which program in the guest asks is known only from the guest's own word, so a list for one of
 * its users can take away from the VM's list and never add to it: a guest that lies about the user
 * gets what the VM has.
 *
 * @param tenant who answers for it and whose limits it uses; from the host's own record
 * @param allow the VM's list
 * @param narrowed further lists by the user in the guest (1000 is the run's lead, 1000 + n its n-th
 *     subagent): such a user reaches only what both lists have
 * @param bytesPerDay both ways together, by the day in UTC
 */
public record EgressPolicy(
    TenantId tenant,
    List<EgressRule> allow,
    Map<Integer, List<EgressRule>> narrowed,
    long bytesPerDay) {
  /** Enough for any package, small against a leak of everything. */
  public static final long BYTES_PER_DAY = 2L << 30;

  private static final String SCHEMA = "choir.egress/1";

  public EgressPolicy {
    allow = List.copyOf(allow);
    narrowed = Map.copyOf(narrowed);
    if (bytesPerDay < 0) {
      throw new IllegalArgumentException("a volume of " + bytesPerDay);
    }
  }

  /** The policy of a VM that was given none. */
  static final EgressPolicy NOTHING = nothing(TenantId.LOCAL);

  /** Reaches nothing. */
  public static EgressPolicy nothing(TenantId tenant) {
    return new EgressPolicy(tenant, List.of(), Map.of(), BYTES_PER_DAY);
  }

  /**
   * Reaches what is listed.
   *
   * @param lines as {@link EgressRule#of} reads them
   */
  public static EgressPolicy allowing(TenantId tenant, List<String> lines) {
    return new EgressPolicy(
        tenant, lines.stream().map(EgressRule::of).toList(), Map.of(), BYTES_PER_DAY);
  }

  /** The same with a list of its own for one user in the guest. */
  public EgressPolicy narrowed(int uid, List<String> lines) {
    Map<Integer, List<EgressRule>> all = new TreeMap<>(narrowed);
    all.put(uid, lines.stream().map(EgressRule::of).toList());
    return new EgressPolicy(tenant, allow, all, bytesPerDay);
  }

  boolean allows(HostName host, int port, int uid) {
    return allow.stream().anyMatch(rule -> rule.allows(host, port))
        && (!narrowed.containsKey(uid)
            || narrowed.get(uid).stream().anyMatch(rule -> rule.allows(host, port)));
  }

  ObjectNode json() {
    ObjectNode json =
        Json.object()
            .put("schema", SCHEMA)
            .put("tenant", tenant.value())
            .put("bytesPerDay", bytesPerDay);
    list(json.putArray("allow"), allow);
    ObjectNode users = json.putObject("narrowed");
    new TreeMap<>(narrowed).forEach((uid, rules) -> list(users.putArray(uid.toString()), rules));
    return json;
  }

  /**
   * Reads what {@link #json} wrote.
   *
   * @throws org.choir.core.ChoirException if it is anything else
   */
  static EgressPolicy of(JsonNode json) {
    if (!json.path("schema").asText().equals(SCHEMA)) {
      throw new EgressException(
          "egress_bad_rule", 400, "not a policy of this version", "set the VM's policy again");
    }
    Map<Integer, List<EgressRule>> narrowed = new TreeMap<>();
    json.path("narrowed")
        .properties()
        .forEach(user -> narrowed.put(Integer.valueOf(user.getKey()), list(user.getValue())));
    return new EgressPolicy(
        new TenantId(json.path("tenant").asText()),
        list(json.path("allow")),
        narrowed,
        json.path("bytesPerDay").asLong());
  }

  private static void list(ArrayNode into, List<EgressRule> rules) {
    rules.forEach(rule -> into.add(rule.toString()));
  }

  private static List<EgressRule> list(JsonNode lines) {
    List<EgressRule> rules = new ArrayList<>();
    lines.forEach(line -> rules.add(EgressRule.of(line.asText())));
    return rules;
  }
}
