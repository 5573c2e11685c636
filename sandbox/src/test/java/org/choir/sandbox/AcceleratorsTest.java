package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AcceleratorsTest {
  @TempDir Path folder;
  private Path device;
  private Path memory;
  private final AtomicInteger boots = new AtomicInteger();

  @BeforeEach
  void device() throws Exception {
    device = Files.createFile(folder.resolve("kvm"));
    memory = folder.resolve("accelerator.json");
  }

  @Test
  void aDeviceThatIsThereButBootsNothingIsNotUsed() {
    assertThat(choose("auto", false)).isEqualTo("tcg");
    assertThat(boots).hasValue(1);
  }

  @Test
  void theAnswerIsRememberedAcrossRooms() {
    assertThat(choose("auto", true)).isEqualTo("kvm");
    assertThat(choose("auto", false)).isEqualTo("kvm");
    assertThat(boots).hasValue(1);
  }

  @Test
  void theAnswerOfAnotherHostBootIsAskedAgain() throws Exception {
    Files.writeString(memory, "{\"hostBoot\":\"another\",\"kvmBoots\":true}");
    assertThat(choose("auto", false)).isEqualTo("tcg");
    assertThat(boots).hasValue(1);
    Files.writeString(memory, "damaged");
    assertThat(choose("auto", true)).isEqualTo("kvm");
  }

  @Test
  void withoutTheDeviceNothingIsBooted() throws Exception {
    Files.delete(device);
    assertThat(choose("auto", true)).isEqualTo("tcg");
    assertThat(boots).hasValue(0);
  }

  @Test
  void anExplicitWishIsTaken() {
    assertThat(choose("tcg", true)).isEqualTo("tcg");
    assertThat(choose("kvm", false)).isEqualTo("kvm");
    assertThat(boots).hasValue(0);
    assertThatThrownBy(() -> choose("hvf", true))
        .isInstanceOf(SandboxException.class)
        .hasMessageContaining("hvf");
  }

  private String choose(String wanted, boolean works) {
    return new Accelerators(device, memory)
        .choose(
            wanted,
            () -> {
              boots.incrementAndGet();
              return works;
            });
  }
}
