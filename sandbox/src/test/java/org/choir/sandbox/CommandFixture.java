package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.choir.core.ChoirException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** One VM, and what follows its commands. */
abstract class CommandFixture {
  static final long UNCAPPED = Long.MAX_VALUE / 4;
  @TempDir static Path folder;
  static Sandboxes room;
  static Vm vm;

  @BeforeAll
  static void boot() {
    room = TestImage.open(folder);
    vm = room.obtain("commands");
  }

  @AfterAll
  static void stop() {
    vm.close();
    room.close();
  }

  /** Everything one command did, as its follower saw it. */
  static final class Followed implements ExecOutput {
    final ByteArrayOutputStream out = new ByteArrayOutputStream();
    final ByteArrayOutputStream err = new ByteArrayOutputStream();
    final List<String> gaps = new ArrayList<>();

    @Override
    public void stdout(byte[] bytes) {
      out.writeBytes(bytes);
    }

    @Override
    public void stderr(byte[] bytes) {
      err.writeBytes(bytes);
    }

    @Override
    public void gap(ExecEvent.Channel channel, long from, long to) {
      gaps.add(channel + " " + from + "-" + to);
    }

    String text() {
      return out.toString(StandardCharsets.UTF_8);
    }
  }

  static ExecRequest command(String... argv) {
    return new ExecRequest(
        List.of(argv), Map.of(), "/workspace", 1000, Duration.ofSeconds(60), UNCAPPED);
  }

  static ExecRequest bash(String script) {
    return command("bash", "-c", script);
  }

  /** Reads until this has been printed. */
  static void until(Execution running, String expected) {
    StringBuilder seen = new StringBuilder();
    while (seen.indexOf(expected) < 0) {
      if (running.next() instanceof ExecEvent.Output output) {
        seen.append(new String(output.bytes(), StandardCharsets.UTF_8));
      } else {
        throw new AssertionError("ended without '" + expected + "': " + seen);
      }
    }
  }

  static String code(Runnable call) {
    try {
      call.run();
      return "no failure";
    } catch (ChoirException e) {
      return e.code();
    }
  }

  static void join(Thread thread) {
    try {
      assertThat(thread.join(Duration.ofSeconds(60))).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
