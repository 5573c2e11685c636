package org.choir.sandbox.e2b;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.choir.core.Json;
import org.choir.sandbox.Capability;
import org.choir.sandbox.ExecOutput;
import org.choir.sandbox.SandboxException;
import org.choir.sandbox.VmSpec;
import org.choir.sandbox.hosted.HostedService;
import org.choir.sandbox.hosted.ServiceClient;

/**
 * E2B. A pause keeps memory and processes. Not promised: a network card of ours (it has one), exact
 * clock, keys (E2B can read all of it), encryption under our tenants' keys, volumes, templates.
 */
public final class E2bService implements HostedService, AutoCloseable {
  private static final Duration CALL = Duration.ofSeconds(60);
  private static final Duration TRANSFER = Duration.ofMinutes(10);
  private static final int PAGE = 100;
  private static final int PAGES_MAX = 100;
  private static final String BOUNDARY = "choir-7d0c61b29c3f4f6e";

  private final E2bOptions options;
  private final ServiceClient api;
  private final ServiceClient inside;

  public E2bService(E2bOptions options) {
    this.options = options;
    this.api = new ServiceClient("E2B", Map.of("X-API-KEY", options.key()));
    // A sandbox's daemon gets that sandbox's own token and never the key.
    this.inside = new ServiceClient("E2B", Map.of());
  }

  @Override
  public String name() {
    return "e2b";
  }

  @Override
  public Set<Capability> capabilities() {
    return EnumSet.of(Capability.MEMORY_SNAPSHOT, Capability.ISOLATION);
  }

  @Override
  public Remote create(VmSpec spec, Map<String, String> labels) {
    ObjectNode order =
        Json.object()
            .put("templateID", options.template())
            .put("timeout", options.lifetime().toSeconds())
            // Its time ends in a pause and never in a loss.
            .put("autoPause", true)
            .put("secure", true)
            .put("allow_internet_access", options.internet());
    ObjectNode metadata = order.putObject("metadata");
    labels.forEach(metadata::put);
    try {
      return created(api.json("POST", at("/sandboxes"), order, CALL, false), labels);
    } catch (SandboxException e) {
      if (!e.code().equals("service_unavailable")) {
        throw e;
      }
      // The answer is lost, the sandbox may be there.
      Optional<Remote> made = list(labels).stream().findFirst().flatMap(r -> find(r.id()));
      return made.orElseGet(
          () -> created(api.json("POST", at("/sandboxes"), order, CALL, false), labels));
    }
  }

  private Remote created(JsonNode said, Map<String, String> labels) {
    return new Remote(
        id(said), State.RUNNING, labels, System.currentTimeMillis(), access(said).toString());
  }

  private String id(JsonNode said) {
    String id = said.path("sandboxID").asText();
    if (!id.matches("[A-Za-z0-9_-]{1,100}")) {
      throw api.strange(options.api(), "a sandbox without an id");
    }
    return id;
  }

  /** What calls into a sandbox need: its token and its domain. */
  private record Access(String token, String domain) {
    static Access parse(String text) {
      String[] parts = text.split("\n", 2);
      return new Access(parts[0], parts.length > 1 ? parts[1] : "");
    }

    @Override
    public String toString() {
      return token + "\n" + domain;
    }
  }

  private static Access access(JsonNode said) {
    String domain = said.path("domain").asText("");
    return new Access(
        said.path("envdAccessToken").asText(""),
        domain.isEmpty() || domain.equals("null") ? "e2b.app" : domain);
  }

  @Override
  public List<Remote> list(Map<String, String> labels) {
    String filter =
        new TreeMap<>(labels)
            .entrySet().stream()
                .map(e -> encode(e.getKey()) + "=" + encode(e.getValue()))
                .collect(Collectors.joining("&"));
    List<Remote> all = new ArrayList<>();
    String next = "";
    for (int page = 0; page < PAGES_MAX; page++) {
      ServiceClient.Page part =
          api.page(
              "GET",
              at(
                  "/v2/sandboxes?state=running,paused&limit=%d&metadata=%s%s"
                      .formatted(
                          PAGE,
                          encode(filter),
                          next.isEmpty() ? "" : "&nextToken=" + encode(next))),
              null,
              CALL,
              true);
      part.body().forEach(one -> all.add(remote(one)));
      next = part.next().orElse("");
      if (next.isEmpty()) {
        return all;
      }
    }
    throw api.strange(options.api(), "a list without an end");
  }

  private Remote remote(JsonNode said) {
    Map<String, String> labels = new HashMap<>();
    said.path("metadata").properties().forEach(e -> labels.put(e.getKey(), e.getValue().asText()));
    return new Remote(
        id(said),
        switch (said.path("state").asText()) {
          case "running" -> State.RUNNING;
          case "paused" -> State.SUSPENDED;
          default -> State.CHANGING;
        },
        labels,
        millis(said.path("startedAt").asText()),
        access(said).toString());
  }

  private static long millis(String time) {
    try {
      return Instant.parse(time).toEpochMilli();
    } catch (DateTimeParseException e) {
      return 0; // it is told for people only
    }
  }

  @Override
  public Optional<Remote> find(String id) {
    try {
      return Optional.of(remote(api.json("GET", at("/sandboxes/" + id), null, CALL, true)));
    } catch (SandboxException e) {
      if (e.code().equals("no_such_vm")) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Whether it is paused is asked for if the answer is lost: it never stays between. */
  @Override
  public Remote suspend(Remote remote) {
    try {
      api.json("POST", at("/sandboxes/" + remote.id() + "/pause"), Json.object(), CALL, true);
    } catch (SandboxException e) {
      // 409: it is not running any more, perhaps because the first answer was lost.
      if (!e.code().equals("vm_changing")
          || find(remote.id()).filter(r -> r.state() == State.SUSPENDED).isEmpty()) {
        throw e;
      }
    }
    return with(remote, State.SUSPENDED, remote.access());
  }

  @Override
  public Remote resume(Remote remote) {
    JsonNode said =
        api.json(
            "POST",
            at("/sandboxes/" + remote.id() + "/connect"),
            Json.object().put("timeout", options.lifetime().toSeconds()),
            CALL,
            true);
    return with(remote, State.RUNNING, access(said).toString());
  }

  private static Remote with(Remote remote, State state, String access) {
    return new Remote(remote.id(), state, remote.labels(), remote.startedMillis(), access);
  }

  @Override
  public void destroy(Remote remote) {
    try {
      api.json("DELETE", at("/sandboxes/" + remote.id()), null, CALL, true);
    } catch (SandboxException e) {
      if (!e.code().equals("no_such_vm")) {
        throw e;
      }
    }
  }

  /** Extends the sandbox's time first, so that it does not end under the command. */
  @Override
  public int run(Remote remote, String script, Duration patience, ExecOutput output) {
    api.json(
        "POST",
        at("/sandboxes/" + remote.id() + "/timeout"),
        Json.object().put("timeout", options.lifetime().plus(patience).toSeconds()),
        CALL,
        true);
    ObjectNode order = Json.object().put("stdin", false);
    ObjectNode process = order.putObject("process").put("cmd", "/bin/bash").put("cwd", "/");
    process.putArray("args").add("-c").add(script);
    process.putObject("envs");
    Map<String, String> headers = new HashMap<>(own(remote));
    headers.put("Content-Type", "application/connect+json");
    headers.put("Connect-Protocol-Version", "1");
    headers.put("Connect-Timeout-Ms", Long.toString(patience.toMillis()));
    headers.put("Keepalive-Ping-Interval", "50");
    ServiceClient.Answer answer =
        inside.open(
            "POST",
            at(remote, "/process.Process/Start"),
            headers,
            HttpRequest.BodyPublishers.ofByteArray(
                ConnectStream.envelope(Json.write(order).getBytes(StandardCharsets.UTF_8))),
            patience,
            false);
    try (InputStream in = answer.body()) {
      return new ConnectStream(remote.id(), in).exitCode(output);
    } catch (HttpTimeoutException e) {
      throw SandboxException.passing(
          "guest_unresponsive",
          "the sandbox %s did not end a command within %d s"
              .formatted(remote.id(), patience.toSeconds()),
          "its VM is given up; the next call gets a new one",
          e);
    } catch (IOException e) {
      throw ConnectStream.lost(remote.id(), "the stream broke: " + e.getMessage(), e);
    }
  }

  /** As root: what is done is judged by the scripts that do it. */
  private static Map<String, String> own(Remote remote) {
    String user = Base64.getEncoder().encodeToString("root:".getBytes(StandardCharsets.UTF_8));
    return Map.of(
        "X-Access-Token", Access.parse(remote.access()).token(), "Authorization", "Basic " + user);
  }

  @Override
  public void download(Remote remote, String path, OutputStream out) {
    ServiceClient.Answer answer =
        inside.open(
            "GET",
            at(remote, "/files?username=root&path=" + encode(path)),
            own(remote),
            HttpRequest.BodyPublishers.noBody(),
            TRANSFER,
            true);
    try (InputStream in = answer.body()) {
      in.transferTo(out);
    } catch (IOException e) {
      throw ConnectStream.lost(remote.id(), "a download broke: " + e.getMessage(), e);
    }
  }

  @Override
  public void upload(Remote remote, String path, InputStream body, long size) {
    String head =
        "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\nContent-Type: application/octet-stream\r\n\r\n"
            .formatted(BOUNDARY);
    Map<String, String> headers = new HashMap<>(own(remote));
    headers.put("Content-Type", "multipart/form-data; boundary=" + BOUNDARY);
    ServiceClient.Answer answer =
        inside.open(
            "POST",
            at(remote, "/files?username=root&path=" + encode(path)),
            headers,
            HttpRequest.BodyPublishers.concat(
                HttpRequest.BodyPublishers.ofString(head),
                HttpRequest.BodyPublishers.ofInputStream(() -> body),
                HttpRequest.BodyPublishers.ofString("\r\n--" + BOUNDARY + "--\r\n")),
            TRANSFER,
            false);
    try (InputStream in = answer.body()) {
      in.skip(1 << 20);
    } catch (IOException e) {
      throw ConnectStream.lost(remote.id(), "an upload broke: " + e.getMessage(), e);
    }
  }

  private URI at(String path) {
    return URI.create(options.api() + path);
  }

  private URI at(Remote remote, String path) {
    return URI.create(
        options
                .sandbox()
                .replace("{id}", remote.id())
                .replace("{domain}", Access.parse(remote.access()).domain())
            + path);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  @Override
  public void close() {
    api.close();
    inside.close();
  }
}
