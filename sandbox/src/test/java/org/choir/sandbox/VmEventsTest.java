package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of a VM is told, and what cannot be told does not begin. */
class VmEventsTest {
  private static final String ID = "run-events";

  @TempDir Path folder;
  private final List<String> told = new CopyOnWriteArrayList<>();
  private volatile boolean down;
  private Sandboxes room;

  @BeforeEach
  void open() {
    room = TestImage.open(folder);
    room.tell(
        new VmEvents() {
          @Override
          public void started(VmInfo vm, Duration took) {
            tell("started", vm);
          }

          @Override
          public void resumed(VmInfo vm, boolean cold, Duration took) {
            tell("resumed", vm);
          }

          @Override
          public void suspended(VmInfo vm, Duration took) {
            tell("suspended", vm);
          }

          @Override
          public void ended(VmInfo vm) {
            tell("ended", vm);
          }

          @Override
          public void lost(VmInfo vm, boolean kept) {
            tell(kept ? "lost, kept" : "lost", vm);
          }
        });
  }

  private void tell(String what, VmInfo vm) {
    assertThat(vm.id()).isEqualTo(ID);
    told.add(what);
    if (down) {
      throw new IllegalStateException("nobody hears this");
    }
  }

  @AfterEach
  void close() {
    room.list().forEach(info -> room.destroy(info.id()));
    room.close();
  }

  @Test
  void everyStepIsToldAndAnUntoldStartIsUndone() {
    down = true;
    assertThatThrownBy(() -> room.obtain(ID)).hasMessage("nobody hears this");
    assertThat(room.find(ID)).isEmpty();
    assertThat(room.list()).isEmpty();
    down = false;
    room.obtain(ID);
    room.suspend(ID);
    down = true;
    assertThatThrownBy(() -> room.resume(ID)).hasMessage("nobody hears this");
    assertThat(room.list())
        .singleElement()
        .satisfies(vm -> assertThat(vm.phase()).isEqualTo(VmInfo.Phase.SUSPENDED));
    down = false;
    VmState.Running again = room.resume(ID);
    ProcessHandle.of(again.info().pid()).orElseThrow().destroyForcibly();
    await().atMost(Duration.ofSeconds(40)).until(() -> told.contains("lost, kept"));
    down = true; // an end is an end, whoever hears of it
    room.destroy(ID);
    assertThat(room.find(ID)).isEmpty();
    room.destroy(ID);
    assertThat(told)
        .containsExactly(
            "started", "started", "suspended", "resumed", "resumed", "lost, kept", "ended");
  }
}
