package org.choir.sandbox.runloop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.sandbox.Capability;
import org.choir.sandbox.ExecOutput;
import org.choir.sandbox.SandboxException;
import org.choir.sandbox.VmSpec;
import org.choir.sandbox.hosted.HostedService;
import org.choir.sandbox.hosted.ServiceClient;
import org.jspecify.annotations.Nullable;

/**
 * Runloop. A suspend keeps the disk only; processes and memory are gone. Not promised either: a
 * network card of ours (it has one), exact clock, keys (Runloop can read all of it), encryption
 * under our tenants' keys, volumes, templates.
 *
 * <p>Its interface tells a command's output as text. So that bytes stay what they are, a command's
 * streams go to files of the devbox, and come back in base 64 or, larger ones, as downloads.
 */
public final class RunloopService implements HostedService, AutoCloseable {
  private static final Duration CALL = Duration.ofSeconds(60);
  private static final Duration TRANSFER = Duration.ofMinutes(10);

  /** A devbox is provisioned, initialised and then runs; suspending copies a disk. */
  private static final Duration CHANGE = Duration.ofMinutes(3);

  private static final Duration POLL_FIRST = Duration.ofMillis(20);
  private static final Duration POLL_MOST = Duration.ofSeconds(1);
  private static final int PAGE = 100;
  private static final int PAGES_MAX = 100;
  private static final String BOUNDARY = "choir-1b9e5a7f0d2c4e83";

  private final RunloopOptions options;
  private final ServiceClient api;

  public RunloopService(RunloopOptions options) {
    this.options = options;
    this.api = new ServiceClient("Runloop", Map.of("Authorization", "Bearer " + options.key()));
  }

  @Override
  public String name() {
    return "runloop";
  }

  @Override
  public Set<Capability> capabilities() {
    return EnumSet.of(Capability.ISOLATION);
  }

  /** The same mark with every attempt: what an unanswered one made is not made twice. */
  @Override
  public Remote create(VmSpec spec, Map<String, String> labels) {
    ObjectNode order = Json.object().put("name", "choir-" + spec.id());
    ObjectNode metadata = order.putObject("metadata");
    labels.forEach(metadata::put);
    if (!options.blueprint().isEmpty()) {
      order.put("blueprint_name", options.blueprint());
    }
    ObjectNode launch = order.putObject("launch_parameters");
    launch.put("resource_size_request", size(spec));
    launch.putObject("user_parameters").put("username", "root").put("uid", 0);
    launch
        .putObject("after_idle")
        .put("idle_time_seconds", options.idle().toSeconds())
        .put("on_idle", "suspend");
    String mark = UUID.randomUUID().toString();
    JsonNode said =
        api.read(
            "POST",
            at("/v1/devboxes"),
            api.open(
                "POST",
                at("/v1/devboxes"),
                Map.of("Content-Type", "application/json", "x-request-id", mark),
                HttpRequest.BodyPublishers.ofString(Json.write(order)),
                CALL,
                true));
    return await(remote(said), State.RUNNING);
  }

  private static String size(VmSpec spec) {
    if (spec.cpus() <= 1 && spec.memoryMib() <= 2_048) {
      return "SMALL";
    }
    if (spec.cpus() <= 2 && spec.memoryMib() <= 4_096) {
      return "MEDIUM";
    }
    return spec.cpus() <= 2 && spec.memoryMib() <= 8_192 ? "LARGE" : "X_LARGE";
  }

  @Override
  public List<Remote> list(Map<String, String> labels) {
    List<Remote> all = new ArrayList<>();
    String after = "";
    for (int page = 0; page < PAGES_MAX; page++) {
      JsonNode said =
          api.json(
              "GET",
              at(
                  "/v1/devboxes?limit="
                      + PAGE
                      + (after.isEmpty() ? "" : "&starting_after=" + after)),
              null,
              CALL,
              true);
      for (JsonNode one : said.path("devboxes")) {
        Remote remote = remote(one);
        after = remote.id();
        if (remote.labels().entrySet().containsAll(labels.entrySet())) {
          all.add(remote);
        }
      }
      if (!said.path("has_more").asBoolean()) {
        return all;
      }
    }
    throw api.strange(options.api(), "a list without an end");
  }

  private Remote remote(JsonNode said) {
    String id = said.path("id").asText();
    if (!id.matches("[A-Za-z0-9_-]{1,100}")) {
      throw api.strange(options.api(), "a devbox without an id");
    }
    Map<String, String> labels = new HashMap<>();
    said.path("metadata").properties().forEach(e -> labels.put(e.getKey(), e.getValue().asText()));
    return new Remote(
        id,
        switch (said.path("status").asText()) {
          case "running" -> State.RUNNING;
          case "suspended" -> State.SUSPENDED;
          case "failure", "shutdown" -> State.GONE;
          default -> State.CHANGING;
        },
        labels,
        said.path("create_time_ms").asLong(),
        "");
  }

  @Override
  public Optional<Remote> find(String id) {
    try {
      return Optional.of(remote(api.json("GET", at("/v1/devboxes/" + id), null, CALL, true)))
          .filter(remote -> remote.state() != State.GONE);
    } catch (SandboxException e) {
      if (e.code().equals("no_such_vm")) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Looks until a devbox has come to a state. */
  private Remote await(Remote remote, State wanted) {
    long deadline = System.nanoTime() + CHANGE.toNanos();
    Duration pause = POLL_FIRST;
    Remote now = remote;
    while (now.state() != wanted) {
      if (now.state() == State.GONE) {
        throw SandboxException.passing(
            "vm_boot_failed", "the devbox " + remote.id() + " failed", "try again", null);
      }
      if (System.nanoTime() > deadline) {
        throw SandboxException.passing(
            "vm_boot_failed",
            "the devbox %s is not %s after %d s".formatted(remote.id(), wanted, CHANGE.toSeconds()),
            "try again",
            null);
      }
      pause = rest(pause);
      now =
          find(remote.id())
              .orElse(
                  new Remote(remote.id(), State.GONE, remote.labels(), remote.startedMillis(), ""));
    }
    return now;
  }

  private static Duration rest(Duration pause) {
    LockSupport.parkNanos(pause.toNanos());
    if (Thread.currentThread().isInterrupted()) {
      throw SandboxException.passing("cancelled", "a call to Runloop was interrupted", "", null);
    }
    Duration next = pause.multipliedBy(2);
    return next.compareTo(POLL_MOST) > 0 ? POLL_MOST : next;
  }

  @Override
  public Remote suspend(Remote remote) {
    return await(post(remote, "suspend"), State.SUSPENDED);
  }

  @Override
  public Remote resume(Remote remote) {
    return await(post(remote, "resume"), State.RUNNING);
  }

  private Remote post(Remote remote, String what) {
    return remote(
        api.json(
            "POST", at("/v1/devboxes/" + remote.id() + "/" + what), Json.object(), CALL, true));
  }

  @Override
  public void destroy(Remote remote) {
    try {
      post(remote, "shutdown");
    } catch (SandboxException e) {
      if (!e.code().equals("no_such_vm")) {
        throw e;
      }
    }
  }

  @Override
  public int run(Remote remote, String script, Duration patience, ExecOutput output) {
    CommandFiles files = new CommandFiles("/tmp/.choir-" + UUID.randomUUID());
    JsonNode started =
        api.json(
            "POST",
            at("/v1/devboxes/" + remote.id() + "/execute_async"),
            Json.object().put("command", files.wrapped(script)),
            CALL,
            false);
    String execution = started.path("execution_id").asText();
    if (!execution.matches("[A-Za-z0-9_-]{1,100}")) {
      throw api.strange(options.api(), "an execution without an id");
    }
    JsonNode end = ended(remote, execution, started, patience);
    String said = end.path("stdout").asText();
    Optional<CommandFiles.Ended> told = files.ended(said);
    if (told.isEmpty()) {
      throw lost(remote, "its answer is cut: " + Text.visible(said, 80), null);
    }
    CommandFiles.Ended ended = told.get();
    if (ended.whole()) {
      ended.deliver(output);
    } else {
      download(remote, files.stdout(), CommandFiles.each(output::stdout));
      download(remote, files.stderr(), CommandFiles.each(output::stderr));
    }
    return ended.code();
  }

  private JsonNode ended(Remote remote, String execution, JsonNode started, Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    Duration pause = POLL_FIRST;
    String path = "/v1/devboxes/" + remote.id() + "/executions/" + execution;
    for (JsonNode now = started; ; now = api.json("GET", at(path), null, CALL, true)) {
      if (now.path("status").asText().equals("completed")) {
        return now;
      }
      if (System.nanoTime() > deadline) {
        api.json(
            "POST", at(path + "/kill"), Json.object().put("kill_process_group", true), CALL, true);
        throw SandboxException.passing(
            "guest_unresponsive",
            "the devbox %s did not end a command within %d s"
                .formatted(remote.id(), patience.toSeconds()),
            "its VM is given up; the next call gets a new one",
            null);
      }
      pause = rest(pause);
    }
  }

  private static SandboxException lost(Remote remote, String why, @Nullable Throwable cause) {
    return SandboxException.passing(
        "guest_lost", "the devbox " + remote.id() + ": " + why, "obtain another one", cause);
  }

  @Override
  public void download(Remote remote, String path, OutputStream out) {
    ServiceClient.Answer answer =
        api.open(
            "POST",
            at("/v1/devboxes/" + remote.id() + "/download_file"),
            Map.of("Content-Type", "application/json", "Accept", "application/octet-stream"),
            HttpRequest.BodyPublishers.ofString(Json.write(Json.object().put("path", path))),
            TRANSFER,
            true);
    try (InputStream in = answer.body()) {
      in.transferTo(out);
    } catch (IOException e) {
      throw lost(remote, "a download broke: " + e.getMessage(), e);
    }
  }

  @Override
  public void upload(Remote remote, String path, InputStream body, long size) {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    head.writeBytes(part("path", ""));
    head.writeBytes((path + "\r\n").getBytes(StandardCharsets.UTF_8));
    head.writeBytes(part("file", "; filename=\"file\""));
    ServiceClient.Answer answer =
        api.open(
            "POST",
            at("/v1/devboxes/" + remote.id() + "/upload_file"),
            Map.of("Content-Type", "multipart/form-data; boundary=" + BOUNDARY),
            HttpRequest.BodyPublishers.concat(
                HttpRequest.BodyPublishers.ofByteArray(head.toByteArray()),
                HttpRequest.BodyPublishers.ofInputStream(() -> body),
                HttpRequest.BodyPublishers.ofString("\r\n--" + BOUNDARY + "--\r\n")),
            TRANSFER,
            false);
    try (InputStream in = answer.body()) {
      in.skip(1 << 20);
    } catch (IOException e) {
      throw lost(remote, "an upload broke: " + e.getMessage(), e);
    }
  }

  private static byte[] part(String name, String more) {
    return "--%s\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n\r\n"
        .formatted(BOUNDARY, name, more)
        .getBytes(StandardCharsets.UTF_8);
  }

  private URI at(String path) {
    return URI.create(options.api() + path);
  }

  @Override
  public void close() {
    api.close();
  }
}
