package org.choir.keys;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.TenantId;

/**
 * What lies in the file of wrapped keys: ciphertexts only.
 *
 * @param check a constant sealed under the master key, so that a wrong one is noticed at once
 * @param tenants each tenant's keys, oldest first; the last one is the current one
 */
record WrappedKeys(Sealed check, Map<TenantId, List<Sealed>> tenants) {
  private static final int SCHEMA = 1;

  WrappedKeys {
    Map<TenantId, List<Sealed>> copy = new LinkedHashMap<>();
    tenants.forEach((tenant, keys) -> copy.put(tenant, List.copyOf(keys)));
    tenants = Collections.unmodifiableMap(copy);
  }

  List<Sealed> of(TenantId tenant) {
    return tenants.getOrDefault(tenant, List.of());
  }

  WrappedKeys with(TenantId tenant, Sealed key) {
    Map<TenantId, List<Sealed>> next = new LinkedHashMap<>(tenants);
    List<Sealed> keys = new ArrayList<>(of(tenant));
    keys.add(key);
    next.put(tenant, keys);
    return new WrappedKeys(check, next);
  }

  WrappedKeys without(TenantId tenant) {
    Map<TenantId, List<Sealed>> next = new LinkedHashMap<>(tenants);
    next.remove(tenant);
    return new WrappedKeys(check, next);
  }

  byte[] bytes() {
    ObjectNode root = Json.object();
    root.put("schema", SCHEMA);
    root.set("check", json(check));
    ObjectNode all = root.putObject("tenants");
    tenants.forEach(
        (tenant, keys) -> {
          ArrayNode list = all.putArray(tenant.value());
          keys.forEach(key -> list.add(json(key)));
        });
    return Json.pretty(root).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads the file's content.
   *
   * @param name of the file, for messages
   */
  static WrappedKeys parse(byte[] content, String name) {
    try {
      JsonNode root = Json.parse(content);
      int schema = root.path("schema").asInt();
      if (schema > SCHEMA) {
        throw ChoirException.fatal(
            "newer_schema",
            name + " was written by a newer Choir (schema " + schema + ")",
            "use the Choir that wrote it, or a newer one");
      }
      Map<TenantId, List<Sealed>> tenants = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> each : root.required("tenants").properties()) {
        List<Sealed> keys = new ArrayList<>();
        each.getValue().forEach(key -> keys.add(sealed(key)));
        tenants.put(new TenantId(each.getKey()), keys);
      }
      return new WrappedKeys(sealed(root.required("check")), tenants);
    } catch (IllegalArgumentException e) {
      throw damaged(name, e);
    } catch (ChoirException e) {
      throw e.code().equals("newer_schema") ? e : damaged(name, e);
    }
  }

  private static ChoirException damaged(String name, Exception cause) {
    return ChoirException.fatal(
        "key_file_damaged",
        name + " cannot be read as a file of wrapped keys",
        "restore the folder from a backup: choir restore FILE",
        cause);
  }

  private static ObjectNode json(Sealed sealed) {
    ObjectNode node = Json.object();
    node.put("kid", sealed.kid());
    node.put("iv", Base64.getEncoder().encodeToString(sealed.iv()));
    node.put("ct", Base64.getEncoder().encodeToString(sealed.ct()));
    return node;
  }

  private static Sealed sealed(JsonNode node) {
    Base64.Decoder base64 = Base64.getDecoder();
    return new Sealed(
        node.required("kid").asText(),
        base64.decode(node.required("iv").asText()),
        base64.decode(node.required("ct").asText()));
  }
}
