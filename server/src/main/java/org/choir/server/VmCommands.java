package org.choir.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.sandbox.EgressPolicy;
import org.choir.sandbox.Sandboxes;
import org.choir.sandbox.Vm;
import org.choir.sandbox.VmInfo;
import org.choir.sandbox.VmState;

/** Sandboxes by hand: create, list, run a command, copy files, suspend, resume, remove. */
final class VmCommands {
  private static final String DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

  private final Sandboxes sandboxes;
  private final VmExecs execs = new VmExecs();
  private final VmCopies copies = new VmCopies();
  private final EgressSettings egress;
  private final SecureRandom random = new SecureRandom();

  VmCommands(Sandboxes sandboxes, EgressSettings egress) {
    this.sandboxes = sandboxes;
    this.egress = egress;
  }

  /** Whether a person made it, rather than a run. */
  static boolean isByHand(String id) {
    return id.startsWith("v");
  }

  /** Whether a run has it; what is neither is a user's signer. */
  static boolean isOfRun(String id) {
    return id.startsWith("r");
  }

  ObjectNode handle(Request request, Request.Events events) {
    return switch (request.command()) {
      case "vm.create" -> create(request, events);
      case "vm.ls" -> list(request);
      case "vm.suspend" -> describe(sandboxes.suspend(byHand(request).id()));
      case "vm.resume" -> resume(request);
      case "vm.exec" -> execs.exec(vm(request), request, events);
      case "vm.attach" -> execs.attach(vm(request), request, events);
      case "vm.ps" -> execs.list(vm(request));
      case "vm.input" -> execs.input(request);
      case "vm.resize" -> execs.resize(request);
      case "vm.signal" -> execs.signal(vm(request), request);
      case "vm.read" ->
          copies.read(vm(request), request.text("path"), Path.of(request.text("file")), events);
      case "vm.write" ->
          copies.write(vm(request), Path.of(request.text("file")), request.text("path"), events);
      case "vm.rm" -> remove(request);
      default -> throw new IllegalArgumentException(request.command());
    };
  }

  private ObjectNode create(Request request, Request.Events events) {
    List<String> allowed = new ArrayList<>(egress.allow());
    allowed.addAll(request.texts("allow"));
    EgressPolicy policy = EgressPolicy.allowing(request.user(), egress.expand(allowed));
    StringBuilder id = new StringBuilder("v");
    for (int i = 0; i < 7; i++) {
      id.append(DIGITS.charAt(random.nextInt(32)));
    }
    events.send(Json.object().put("progress", "starting " + id));
    Vm vm = sandboxes.obtain(id.toString(), request.user());
    vm.allow(policy);
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

  private ObjectNode remove(Request request) {
    Vm vm = byHand(request);
    vm.close();
    return Json.object().put("id", vm.id()).put("removed", true);
  }

  /** A VM that no run counts on. */
  private Vm byHand(Request request) {
    Vm vm = vm(request);
    if (!isByHand(vm.id()) && !isOfRun(vm.id())) {
      throw ChoirException.usage(
          "vm_of_signer",
          "VM " + vm.id() + " holds a signing key; it is suspended when nobody uses it",
          "look at the key with: choir vm key");
    }
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
}
