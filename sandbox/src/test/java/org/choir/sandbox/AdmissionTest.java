package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.choir.core.TenantId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One VM more is refused with what is full, rather than taken and starved. */
class AdmissionTest {
  private static final TenantId ADA = new TenantId("ada");
  private static final TenantId BOB = new TenantId("bob");

  @TempDir Path folder;
  private Path memory;

  @BeforeEach
  void host() throws Exception {
    memory = folder.resolve("meminfo");
    memory(4096, 3500);
  }

  private void memory(int total, int available) throws Exception {
    Files.writeString(
        memory, "MemTotal: %d kB%nMemAvailable:   %d kB%n".formatted(total << 10, available << 10));
  }

  private Admission with(int vms, Quota quota) {
    return new Admission(vms, quota, memory);
  }

  private static VmSpec vm(TenantId tenant, int cpus, int memoryMib, int diskMib) {
    return new VmSpec("x", tenant, cpus, memoryMib, diskMib, List.of());
  }

  private static void refuses(String code, Runnable admission) {
    assertThatThrownBy(admission::run)
        .isInstanceOfSatisfying(
            SandboxException.class,
            e -> {
              assertThat(e.code()).isEqualTo(code);
              assertThat(e.failure().remedy()).isNotEmpty();
              assertThat(e.failure().retryable()).isTrue();
            });
  }

  @Test
  void refusesMoreVmsThanTheServerAllows() {
    VmSpec one = vm(ADA, 1, 64, 64);
    refuses("vm_limit", () -> with(2, Quota.DEFAULT).require(one, List.of(one, one), 0));
  }

  @Test
  void refusesWhatTheHostHasPromisedToOthers() {
    VmSpec big = vm(ADA, 1, 1024, 64);
    Admission admission = with(100, Quota.DEFAULT);
    assertThatCode(() -> admission.require(big, Collections.nCopies(2, big), 0))
        .doesNotThrowAnyException();
    refuses("host_memory", () -> admission.require(big, Collections.nCopies(3, big), 0));
  }

  @Test
  void refusesWhatIsNotFreeEvenIfNobodyWasPromisedIt() throws Exception {
    memory(4096, 900);
    refuses("host_memory", () -> with(9, Quota.DEFAULT).require(vm(ADA, 1, 512, 64), List.of(), 0));
  }

  @Test
  void holdsEachTenantToItsOwnVmsProcessorsMemoryAndDisk() {
    Quota quota = new Quota(2, 4, 600, 1000);
    VmSpec small = vm(ADA, 1, 64, 64);
    refuses("tenant_limit", () -> with(9, quota).require(small, List.of(small, small), 0));
    refuses("tenant_limit", () -> with(9, quota).require(vm(ADA, 5, 64, 64), List.of(), 0));
    refuses("tenant_limit", () -> with(9, quota).require(vm(ADA, 1, 601, 64), List.of(), 0));
    refuses("tenant_limit", () -> with(9, quota).require(small, List.of(), 990));
    // Another's VMs are not hers.
    assertThatCode(
            () -> with(9, quota).require(small, Collections.nCopies(4, vm(BOB, 4, 600, 1000)), 900))
        .doesNotThrowAnyException();
  }
}
