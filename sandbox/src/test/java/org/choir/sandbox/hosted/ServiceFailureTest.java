package org.choir.sandbox.hosted;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.choir.sandbox.Capability;
import org.choir.sandbox.EgressPolicy;
import org.choir.sandbox.ExecEvent;
import org.choir.sandbox.ExecOutput;
import org.choir.sandbox.ExecRequest;
import org.choir.sandbox.ExecResult;
import org.choir.sandbox.Execution;
import org.choir.sandbox.SandboxException;
import org.choir.sandbox.Vm;
import org.choir.sandbox.VmSpec;
import org.choir.sandbox.VmState;
import org.choir.sandbox.e2b.E2bService;
import org.choir.sandbox.e2b.LocalE2b;
import org.choir.sandbox.runloop.LocalRunloop;
import org.choir.sandbox.runloop.RunloopService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What hosted services do wrong: refuse, tarry, break off, answer twice, lose a sandbox. */
class ServiceFailureTest {
  @TempDir Path folder;
  private LocalE2b e2b;
  private LocalRunloop runloop;

  @BeforeEach
  void start() throws IOException {
    assumeTrue(System.getProperty("user.name").equals("root"), "a local sandbox is root's work");
    e2b = new LocalE2b(folder.resolve("e2b"));
    runloop = new LocalRunloop(folder.resolve("runloop"));
  }

  @AfterEach
  void stop() throws IOException {
    if (e2b != null) {
      e2b.close();
      runloop.close();
    }
  }

  private HostedHost e2bHost() {
    return new HostedHost(new E2bService(e2b.options(LocalE2b.key())), "one");
  }

  private HostedHost runloopHost() {
    return new HostedHost(new RunloopService(runloop.options(LocalRunloop.key())), "one");
  }

  private static VmSpec spec(String id) {
    return new VmSpec(id, new TenantId("ada"), 1, 512, 512, List.of());
  }

  private static String code(ThrowingCallable call) {
    List<String> codes = new ArrayList<>();
    assertThatThrownBy(call).isInstanceOfSatisfying(ChoirException.class, e -> codes.add(e.code()));
    return codes.getFirst();
  }

  private static ExecResult run(Vm vm, String script, Duration timeout, List<String> printed) {
    return vm.exec(
        new ExecRequest(List.of("bash", "-c", script), Map.of(), "/", 1000, timeout, 1 << 20),
        new ExecOutput() {
          @Override
          public void stdout(byte[] bytes) {
            printed.add(new String(bytes, java.nio.charset.StandardCharsets.UTF_8));
          }

          @Override
          public void stderr(byte[] bytes) {}
        });
  }

  private static String out(Vm vm, String script) {
    List<String> printed = new ArrayList<>();
    run(vm, script, Duration.ofSeconds(20), printed);
    return String.join("", printed);
  }

  @Test
  void aKeyThatIsRefusedIsNamedAndNeverShown() {
    String wrong = "wrong-key-that-nobody-may-see";
    for (HostedService service :
        List.of(new E2bService(e2b.options(wrong)), new RunloopService(runloop.options(wrong)))) {
      assertThatThrownBy(() -> new HostedHost(service, "one").create(spec("a")))
          .isInstanceOfSatisfying(
              SandboxException.class,
              e -> {
                assertThat(e.code()).isEqualTo("service_refused_key");
                assertThat(e.failure().toString()).contains("_API_KEY").doesNotContain(wrong);
              });
      assertThat(service.toString()).doesNotContain(wrong);
    }
    assertThat(e2b.options(wrong).toString()).doesNotContain(wrong);
    assertThat(runloop.options(wrong).toString()).doesNotContain(wrong);
  }

  @Test
  void tooManyRequestsAreWaitedForAsTheServiceSays() {
    e2b.fail("POST /sandboxes", 429, Map.of("Retry-After", "1"));
    e2b.fail("POST /sandboxes", 429, Map.of());
    VmState.Running vm = e2bHost().create(spec("a"));
    assertThat(out(vm.vm(), "echo here")).isEqualTo("here\n");
    assertThat(e2b.asked.stream().filter("POST /sandboxes"::equals)).hasSize(3);
    for (int i = 0; i < 4; i++) {
      runloop.fail("POST /v1/devboxes", 429, Map.of("Retry-After", "0"));
    }
    assertThat(code(() -> runloopHost().create(spec("a")))).isEqualTo("service_limit");
  }

  @Test
  void aLostAnswerToACreationMakesNoSecondSandbox() {
    e2b.lose("POST /sandboxes");
    HostedHost host = e2bHost();
    VmState.Running vm = host.create(spec("a"));
    assertThat(e2b.size()).isEqualTo(1);
    assertThat(out(vm.vm(), "echo here")).isEqualTo("here\n");
    runloop.lose("POST /v1/devboxes");
    VmState.Running other = runloopHost().create(spec("a"));
    assertThat(runloop.size()).isEqualTo(1);
    assertThat(out(other.vm(), "echo here")).isEqualTo("here\n");
  }

  @Test
  void aFailureOfTheServiceWhileAVmIsMadeLeavesNothing() {
    e2b.fail("POST /envd", 500, Map.of());
    assertThat(code(() -> e2bHost().create(spec("a")))).isEqualTo("service_unavailable");
    assertThat(e2b.size()).isZero();
    runloop.fail("POST /v1/devboxes/", 500, Map.of());
    assertThat(code(() -> runloopHost().create(spec("a")))).isEqualTo("service_unavailable");
    assertThat(runloop.size()).isZero();
  }

  @Test
  void aCommandWhoseStreamBreaksIsLostAndNeverRunTwice() {
    Vm vm = e2bHost().create(spec("a")).vm();
    e2b.cutAfter = 3;
    assertThat(code(() -> out(vm, "echo once >> /workspace/drafts/count; echo x; sleep 1; echo y")))
        .isEqualTo("guest_lost");
    e2b.cutAfter = -1;
    assertThat(out(vm, "wc -l < /workspace/drafts/count").strip()).isEqualTo("1");
    e2b.fail("POST /envd", 503, Map.of());
    assertThat(code(() -> out(vm, "echo twice >> /workspace/drafts/count")))
        .isEqualTo("service_unavailable");
    assertThat(out(vm, "wc -l < /workspace/drafts/count").strip()).isEqualTo("1");
  }

  @Test
  void anAnswerToAnExecutionThatIsLostIsNotAskedForBySendingItAgain() {
    Vm vm = runloopHost().create(spec("a")).vm();
    runloop.lose("POST /v1/devboxes/" + ids(runloop) + "/execute_async");
    assertThat(code(() -> out(vm, "echo once >> /workspace/drafts/count")))
        .isEqualTo("service_unavailable");
    org.awaitility.Awaitility.await()
        .until(() -> out(vm, "wc -l < /workspace/drafts/count").strip().equals("1"));
    // While it is looked at, a failure of the service does not matter.
    runloop.fail("GET /v1/devboxes/", 502, Map.of());
    assertThat(out(vm, "sleep 0.3; echo seen")).isEqualTo("seen\n");
  }

  private static String ids(LocalService service) {
    return service.asked.stream()
        .map(request -> request.split("/", -1))
        .filter(parts -> parts.length > 3 && parts[3].startsWith("dbx_"))
        .map(parts -> parts[3])
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aSandboxThatIsGoneIsLost() throws IOException {
    HostedHost host = e2bHost();
    Vm vm = host.create(spec("a")).vm();
    e2b.end(e2b.sandboxes.values().iterator().next());
    assertThat(code(() -> out(vm, "echo"))).isEqualTo("guest_lost");
    assertThat(host.find("a")).isEmpty();
    host.destroy("a");
    assertThat(out(host.create(spec("a")).vm(), "echo anew")).isEqualTo("anew\n");
  }

  @Test
  void whatIsPausedBehindOurBackIsToldAndResumes() {
    HostedHost host = e2bHost();
    VmState.Running vm = host.create(spec("a"));
    out(vm.vm(), "echo kept > /workspace/drafts/k");
    // The answer to the pause is lost; the second attempt is a conflict.
    e2b.lose("POST /sandboxes/");
    VmState.Suspended suspended = host.suspend(vm);
    assertThat(code(() -> out(vm.vm(), "echo"))).isEqualTo("guest_lost");
    VmState.Running again = host.resume(suspended);
    assertThat(out(again.vm(), "cat /workspace/drafts/k")).isEqualTo("kept\n");
  }

  @Test
  void aDuplicateThatALostAnswerMadeIsRemovedAtTheNextStart() {
    E2bService service = new E2bService(e2b.options(LocalE2b.key()));
    Map<String, String> labels =
        Map.of(
            "choir-server",
            "one",
            "choir-id",
            "a",
            "choir-tenant",
            "ada",
            "choir-size",
            "1 512 512");
    service.create(spec("a"), labels);
    service.create(spec("a"), labels);
    service.create(spec("b"), Map.of("choir-server", "another", "choir-id", "a"));
    HostedHost host = e2bHost();
    assertThat(host.recover().adopted()).containsExactly("a");
    assertThat(e2b.size()).isEqualTo(2);
    assertThat(host.list()).hasSize(1);
    host.destroy("a");
    assertThat(e2b.size()).as("the other server's").isEqualTo(1);
  }

  @Test
  void listsOfManyPagesAreReadToTheirEnd() {
    e2b.page = 1;
    runloop.page = 1;
    HostedHost first = e2bHost();
    HostedHost second = runloopHost();
    for (String id : List.of("c", "a", "b")) {
      first.create(spec(id));
      second.create(spec(id));
    }
    assertThat(first.list()).extracting("id").containsExactly("a", "b", "c");
    assertThat(second.list()).extracting("id").containsExactly("a", "b", "c");
  }

  @Test
  void promisesNothingThatOnlyWeCouldKeep() {
    for (HostedHost host : List.of(e2bHost(), runloopHost())) {
      assertThat(host.capabilities())
          .doesNotContain(
              Capability.HOLDS_KEYS,
              Capability.NO_NETWORK_CARD,
              Capability.EXACT_CLOCK,
              Capability.ENCRYPTED_SNAPSHOT,
              Capability.VOLUMES,
              Capability.VM_GENERATION_ID);
      VmSpec signer =
          new VmSpec("s", new TenantId("ada"), VmSpec.Role.SIGNER, 1, 512, 512, List.of());
      assertThat(code(() -> host.create(signer))).isEqualTo("unsupported");
    }
    assertThat(e2b.size() + runloop.size()).isZero();
  }

  @Test
  void aFileNameOfAnyKindReachesNoShell() {
    Vm vm = runloopHost().create(spec("a")).vm();
    String path = "/workspace/drafts/$(touch owned)'\";`touch owned`";
    vm.write(path, new ByteArrayInputStream(new byte[] {1, 2}), 2, new Vm.Owner(1000, 0600));
    assertThat(vm.stat(path).size()).isEqualTo(2);
    vm.delete(path);
    assertThat(out(vm, "ls -A / /tmp /root /home/choir /workspace/* | grep -c owned").strip())
        .isEqualTo("0");
  }

  /** Late, wrong, cut off: whatever comes, a call fails by type and no sandbox is left over. */
  @ParameterizedTest
  @EnumSource(
      value = LocalService.Way.class,
      names = {"NO_JSON", "EMPTY", "CUT"})
  void anAnswerThatIsNoneFailsByType(LocalService.Way way) {
    HostedHost first = e2bHost();
    HostedHost second = runloopHost();
    Vm one = first.create(spec("a")).vm();
    Vm two = second.create(spec("a")).vm();
    List<String> failures = List.of("service_protocol", "service_unavailable", "guest_lost");
    e2b.spoil("POST /envd/", way);
    assertThat(code(() -> out(one, "echo"))).isIn(failures);
    runloop.spoil("POST /v1/devboxes/", way);
    assertThat(code(() -> out(two, "echo"))).isIn(failures);
    e2b.spoil("POST /sandboxes", way);
    if (way == LocalService.Way.CUT) {
      // Nobody knows what was made: it is looked for, and made once.
      first.create(spec("b"));
      assertThat(e2b.size()).isEqualTo(2);
    } else {
      assertThat(code(() -> first.create(spec("b")))).isIn(failures);
      assertThat(e2b.size()).isEqualTo(1);
    }
    runloop.spoil("POST /v1/devboxes", way);
    assertThat(code(() -> second.create(spec("b")))).isIn(failures);
    assertThat(runloop.size()).isEqualTo(1);
    // Once it answers again, all goes on.
    assertThat(out(two, "echo on")).isEqualTo("on\n");
  }

  @Test
  void anAnswerThatBeginsAndNeverEndsIsGivenUpAtTheDeadline() {
    try (ServiceClient client = new ServiceClient("E2B", Map.of("X-API-KEY", LocalE2b.key()))) {
      e2b.spoil("GET /v2/sandboxes", LocalService.Way.ENDLESS);
      assertThatThrownBy(
              () ->
                  client.json(
                      "GET",
                      e2b.address().resolve("/v2/sandboxes"),
                      null,
                      Duration.ofMillis(300),
                      false))
          .isInstanceOfSatisfying(
              SandboxException.class,
              e -> {
                assertThat(e.code()).isEqualTo("service_unavailable");
                assertThat(e.getMessage()).contains("no answer in time");
              });
    }
  }

  @Test
  void aCommandWithoutAnEndIsGivenUpAtItsDeadline() {
    for (HostedService service :
        List.of(
            new E2bService(e2b.options(LocalE2b.key())),
            new RunloopService(runloop.options(LocalRunloop.key())))) {
      HostedService.Remote remote = service.create(spec("a"), Map.of("choir-id", "a"));
      String code =
          code(
              () ->
                  service.run(
                      remote,
                      "echo begun; sleep 300",
                      Duration.ofSeconds(1),
                      new ExecOutput() {
                        @Override
                        public void stdout(byte[] bytes) {}

                        @Override
                        public void stderr(byte[] bytes) {}
                      }));
      assertThat(code).as(service.name()).isEqualTo("guest_unresponsive");
    }
  }

  @Test
  void aCommandIsFollowedEventByEvent() {
    Vm vm = e2bHost().create(spec("a")).vm();
    ExecRequest request =
        new ExecRequest(
            List.of("bash", "-c", "echo one; echo two >&2; exit 5"),
            Map.of(),
            "/",
            1000,
            Duration.ofSeconds(20),
            1 << 20);
    StringBuilder said = new StringBuilder();
    try (Execution running = vm.start(request)) {
      ExecEvent event = running.next();
      while (event instanceof ExecEvent.Output output) {
        said.append(output.channel()).append(output.bytes().length).append(' ');
        event = running.next();
      }
      assertThat(((ExecEvent.Ended) event).result().exitCode()).isEqualTo(5);
      assertThat(running.next()).isEqualTo(event);
    }
    assertThat(said.toString().split(" ", -1)).contains("STDOUT4", "STDERR4");
    // What cannot be kept is refused, not left out.
    assertThat(code(() -> vm.start(request.withInput()))).isEqualTo("unsupported");
    assertThat(code(() -> vm.start(request.keptFor(Duration.ofHours(1))))).isEqualTo("unsupported");
    assertThat(code(() -> vm.start(request.limitedTo(Duration.ZERO, 64 << 20))))
        .isEqualTo("unsupported");
  }

  @Test
  void aListOfHostsThatNobodyWouldHoldToIsRefused() {
    Vm vm = runloopHost().create(spec("a")).vm();
    TenantId ada = new TenantId("ada");
    vm.allow(EgressPolicy.nothing(ada));
    EgressPolicy some = EgressPolicy.allowing(ada, List.of("example.org"));
    assertThat(code(() -> vm.allow(some))).isEqualTo("not_supported");
  }
}
