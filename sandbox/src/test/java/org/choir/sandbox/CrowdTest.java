package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayInputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.choir.core.TenantId;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many VMs and many calls at once. */
class CrowdTest {
  @TempDir Path folder;

  @Test
  void fourVmsAtOnceKeepTheirWordsApart() throws Exception {
    crowd(4, 2);
  }

  @Test
  @Tag("long")
  void aHundredVmsAtOnceKeepTheirWordsApart() throws Exception {
    crowd(100, 4);
  }

  private void crowd(int count, int threads) throws Exception {
    Sandboxes.Options options =
        new Sandboxes.Options(folder, TestImage.folder(), "auto", 128, 64, count)
            .withTemplates(TestImage.options(folder).templates());
    try (Sandboxes room = TestImage.open(options, InstantSource.system());
        ExecutorService workers = Executors.newFixedThreadPool(threads)) {
      List<Callable<Integer>> lives = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int number = i;
        lives.add(() -> life(room, number));
      }
      for (Future<Integer> life : workers.invokeAll(lives)) {
        life.get();
      }
      assertThat(room.list()).hasSize(count).allMatch(info -> info.state().equals("running"));
      assertThatThrownBy(() -> room.obtain("one-more"))
          .satisfies(e -> assertThat(SuspendTest.code(e)).isEqualTo("vm_limit"));
      for (Future<Integer> end : workers.invokeAll(ends(room, count))) {
        end.get();
      }
      assertThat(HypervisorProcess.withArgument(folder + "/vm-")).isEmpty();
    }
  }

  private static int life(Sandboxes room, int number) {
    String id = "crowd-" + number;
    Vm vm = room.obtain(id, new TenantId("t" + number % 5));
    Shell.run(vm, "echo word-of-" + id + " > /tmp/word");
    room.suspend(id);
    assertThat(Shell.run(vm, "cat /tmp/word").out()).isEqualTo("word-of-" + id + "\n");
    return number;
  }

  private static List<Callable<Integer>> ends(Sandboxes room, int count) {
    List<Callable<Integer>> ends = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int number = i;
      ends.add(
          () -> {
            Vm vm = room.find("crowd-" + number).orElseThrow();
            assertThat(Shell.run(vm, "cat /tmp/word").out())
                .isEqualTo("word-of-crowd-" + number + "\n");
            vm.close();
            return number;
          });
    }
    return ends;
  }

  @Test
  void aSuspendInTheMiddleOfTrafficBothWaysEndsTheCallsAndLosesNothing() throws Exception {
    try (Sandboxes room = TestImage.open(TestImage.options(folder), InstantSource.system())) {
      Vm vm = room.obtain("traffic");
      Shell.run(vm, "head -c 20000000 /dev/zero > /workspace/big; echo kept > /tmp/kept");
      AtomicBoolean over = new AtomicBoolean();
      AtomicInteger moved = new AtomicInteger();
      AtomicInteger cut = new AtomicInteger();
      byte[] body = new byte[3_000_000];
      List<Thread> traffic = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        int number = i;
        traffic.add(
            Thread.ofVirtual()
                .start(
                    () -> {
                      while (!over.get()) {
                        try {
                          vm.read("/workspace/big", 0, 20_000_000, OutputStream.nullOutputStream());
                          vm.write(
                              "/workspace/in-" + number,
                              new ByteArrayInputStream(body),
                              body.length,
                              new Vm.Owner(1000, 0644));
                          moved.incrementAndGet();
                        } catch (SandboxException e) {
                          assertThat(e.code()).isIn("vm_suspended", "guest_lost", "cancelled");
                          cut.incrementAndGet();
                        }
                      }
                    }));
      }
      for (int i = 0; i < 3; i++) {
        int before = moved.get();
        await().atMost(Duration.ofSeconds(60)).until(() -> moved.get() > before);
        room.suspend("traffic");
      }
      over.set(true);
      for (Thread one : traffic) {
        one.join();
      }
      assertThat(cut.get()).isPositive();
      for (int i = 0; i < 100; i++) {
        assertThat(vm.stat("/workspace/big").size()).isEqualTo(20_000_000);
      }
      assertThat(Shell.run(vm, "cat /tmp/kept").out()).isEqualTo("kept\n");
      vm.close();
    }
  }
}
