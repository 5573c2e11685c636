package org.choir.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.sandbox.ExecOutput;
import org.choir.sandbox.ExecRequest;
import org.choir.sandbox.ExecResult;
import org.choir.sandbox.Sandboxes;
import org.choir.sandbox.Vm;
import org.choir.sandbox.VmInfo;
import org.choir.sandbox.VmState;

/** Sandboxes by hand: create, list, run a command, copy files, suspend, resume, remove. */
final class VmCommands {
  /** The user that commands run as, and the folder they start in. */
  private static final int UID = 1000;

  private static final String FOLDER = "/workspace";
  private static final Duration EXEC_MAX = Duration.ofHours(1);
  private static final long OUTPUT_BYTES_MAX = 1L << 30;
  private static final String DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

  private final Sandboxes sandboxes;
  private final SecureRandom random = new SecureRandom();

  VmCommands(Sandboxes sandboxes) {
    this.sandboxes = sandboxes;
  }

  /** Whether a person made it, rather than a run. */
  static boolean isByHand(String id) {
    return id.startsWith("v");
  }

  ObjectNode handle(Request request, Request.Events events) {
    return switch (request.command()) {
      case "vm.create" -> create(request, events);
      case "vm.ls" -> list(request);
      case "vm.suspend" -> describe(sandboxes.suspend(byHand(request).id()));
      case "vm.resume" -> resume(request);
      case "vm.exec" -> exec(request, events);
      case "vm.read" -> read(request);
      case "vm.write" -> write(request);
      case "vm.rm" -> remove(request);
      default -> throw new IllegalArgumentException(request.command());
    };
  }

  private ObjectNode create(Request request, Request.Events events) {
    StringBuilder id = new StringBuilder("v");
    for (int i = 0; i < 7; i++) {
      id.append(DIGITS.charAt(random.nextInt(32)));
    }
    events.send(Json.object().put("progress", "starting " + id));
    Vm vm = sandboxes.obtain(id.toString(), request.user());
    return Json.object()
        .put("id", vm.id())
        .put("pid", vm.pid())
        .put("accelerator", vm.accelerator());
  }

  private ObjectNode list(Request request) {
    ArrayNode list = Json.array();
    sandboxes.list().stream()
        .filter(vm -> vm.tenant().equals(request.user()))
        .forEach(vm -> list.add(describe(vm)));
    return Json.object().set("vms", list);
  }

  private static ObjectNode describe(VmInfo vm) {
    return Json.object()
        .put("id", vm.id())
        .put("pid", vm.pid())
        .put("driver", vm.driver())
        .put("accelerator", vm.accelerator())
        .put("state", vm.state())
        .put("memory_mib", vm.memoryMib())
        .put("generation", vm.generation())
        .put("started_millis", vm.startedMillis());
  }

  private ObjectNode resume(Request request) {
    VmState.Running running = sandboxes.resume(byHand(request).id());
    return describe(running.info()).put("notice", running.notice());
  }

  /** Suspends a VM if it runs; without effect otherwise. */
  void putAway(String id) {
    boolean runs =
        sandboxes.list().stream()
            .anyMatch(vm -> vm.id().equals(id) && vm.phase() == VmInfo.Phase.RUNNING);
    if (runs) {
      sandboxes.suspend(id);
    }
  }

  private ObjectNode exec(Request request, Request.Events events) {
    List<String> argv = request.texts("argv");
    if (argv.isEmpty()) {
      throw ChoirException.usage(
          "bad_request", "there is no command to run", "choir vm exec ID -- COMMAND [ARGUMENT]...");
    }
    Duration timeout =
        request.number("timeout_seconds").isPresent()
            ? Duration.ofSeconds(request.number("timeout_seconds").getAsLong())
            : EXEC_MAX;
    ExecResult result =
        vm(request)
            .exec(
                new ExecRequest(argv, Map.of(), FOLDER, UID, timeout, OUTPUT_BYTES_MAX),
                new ExecOutput() {
                  @Override
                  public void stdout(byte[] bytes) {
                    events.send(Json.object().put("stdout", bytes));
                  }

                  @Override
                  public void stderr(byte[] bytes) {
                    events.send(Json.object().put("stderr", bytes));
                  }
                });
    return Json.object()
        .put("exit", result.exitCode())
        .put("signal", result.signal())
        .put("timed_out", result.timedOut())
        .put("oom_killed", result.oomKilled())
        .put("truncated", result.truncated());
  }

  private ObjectNode read(Request request) {
    Vm vm = vm(request);
    String from = request.text("path");
    Path to = Path.of(request.text("file"));
    long size = vm.stat(from).size();
    Path fresh = to.resolveSibling(to.getFileName() + ".new");
    try {
      try (OutputStream out = Files.newOutputStream(fresh)) {
        vm.read(from, 0, size, out);
      }
      Files.move(fresh, to, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw failed(to, e);
    }
    return Json.object().put("bytes", size);
  }

  private ObjectNode write(Request request) {
    Path from = Path.of(request.text("file"));
    try (InputStream in = new BufferedInputStream(Files.newInputStream(from))) {
      long size = Files.size(from);
      int mode = Files.isExecutable(from) ? 0755 : 0644;
      vm(request).write(request.text("path"), in, size, new Vm.Owner(UID, mode));
      return Json.object().put("bytes", size);
    } catch (IOException e) {
      throw failed(from, e);
    }
  }

  private ObjectNode remove(Request request) {
    Vm vm = byHand(request);
    vm.close();
    return Json.object().put("id", vm.id()).put("removed", true);
  }

  /** A VM that no run counts on. */
  private Vm byHand(Request request) {
    Vm vm = vm(request);
    if (!isByHand(vm.id())) {
      throw ChoirException.usage(
          "vm_of_run", "VM " + vm.id() + " belongs to a run", "choir pause " + vm.id());
    }
    return vm;
  }

  private Vm vm(Request request) {
    String id = request.text("id");
    return sandboxes
        .find(id, request.user())
        .orElseThrow(
            () ->
                ChoirException.usage(
                    "no_such_vm",
                    "there is no VM '" + Text.visible(id, 40) + "'",
                    "list what exists with: choir vm ls"));
  }

  private static ChoirException failed(Path file, IOException e) {
    return ChoirException.usage(
        "cannot_copy",
        "cannot copy " + file + ": " + Text.visible(String.valueOf(e.getMessage()), 160),
        "check that it exists, its permissions, and the space on the disk");
  }
}
