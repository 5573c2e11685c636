package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.choir.core.TenantId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One VM is always ready for the next caller, and nobody sees it before. */
class PoolTest {
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path folder;

  private OwnHost open() {
    Sandboxes.makeFolder(folder);
    return new OwnHost(
        TestImage.options(folder).withPool(1),
        new QemuDriver(),
        TestImage.keys(folder),
        InstantSource.system(),
        Outside.nothing(),
        step -> {});
  }

  private VmSpec spec(String id) {
    return TestImage.options(folder).spec(id, new TenantId("ada"));
  }

  @Test
  void aReadyVmIsClaimedRefilledNeverShownAndEndedWithTheServer() throws Exception {
    OwnHost host = open();
    host.create(spec("first"));
    await().atMost(SOON).until(() -> host.warm() == 1);
    assertThat(host.list()).extracting(VmInfo::id).containsExactly("first");
    assertThat(HypervisorProcess.withArgument(folder + "/vm-")).hasSize(2);

    List<HypervisorProcess> before = HypervisorProcess.withArgument(folder + "/vm-");
    VmState.Running second = host.create(spec("second"));
    // It was there before it was asked for, and is its tenant's now.
    assertThat(before).extracting(HypervisorProcess::pid).contains(second.info().pid());
    assertThat(second.info().tenant()).isEqualTo(new TenantId("ada"));
    assertThat(Shell.run(second.vm(), "echo mine").out()).isEqualTo("mine\n");
    await().atMost(SOON).until(() -> host.warm() == 1);

    // One that died in the pool is nobody's.
    HypervisorProcess.withArgument(folder + "/vm-").stream()
        .filter(p -> host.list().stream().noneMatch(info -> info.pid() == p.pid()))
        .forEach(HypervisorProcess::kill);
    VmState.Running third = host.create(spec("third"));
    assertThat(Shell.run(third.vm(), "echo alive").out()).isEqualTo("alive\n");
    await().atMost(SOON).until(() -> host.warm() == 1);

    host.close();
    // The three go on for whoever adopts them; the ready one is gone.
    assertThat(HypervisorProcess.withArgument(folder + "/vm-")).hasSize(3);
    OwnHost next = open();
    assertThat(next.recover().adopted()).containsExactlyInAnyOrder("first", "second", "third");
    next.list().forEach(info -> next.destroy(info.id()));
    next.close();
    assertThat(HypervisorProcess.withArgument(folder + "/vm-")).isEmpty();
  }

  @Test
  void aServerThatEndsWhileItsPoolFillsLeavesNoMachine() throws Exception {
    OwnHost host = open();
    host.create(spec("only"));
    await().atMost(SOON).until(() -> HypervisorProcess.withArgument(folder + "/vm-").size() == 2);
    host.close();
    List<HypervisorProcess> left = HypervisorProcess.withArgument(folder + "/vm-");
    assertThat(left).as("the one that a caller has, for whoever adopts it").hasSize(1);
    OwnHost next = open();
    assertThat(next.recover().adopted()).containsExactly("only");
    next.destroy("only");
    next.close();
  }
}
