package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.choir.agent.Script.call;
import static org.choir.agent.Script.say;
import static org.choir.agent.Script.tool;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.core.ReplayClass;
import org.choir.core.RunId;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Steps a second with an instant model and an instant tool over a real nats-server. */
@Tag("long")
class PaceTest {
  private static final int STEPS = 2_000;

  @TempDir static Path folder;

  @Test
  void keepsItsPaceOverALongHistory() {
    try (World world = new World(folder)) {
      List<Long> times = new ArrayList<>();
      World.Counting look =
          new World.Counting(
              "look",
              ReplayClass.READ_ONLY,
              (context, arguments) -> {
                times.add(System.nanoTime());
                return ToolOutput.of("ok");
              });
      Script model =
          new Script(r -> Script.answered(r) < STEPS ? call(tool("look")) : say("done"))
              .contextTokens(100_000_000);
      AgentRuntime runtime = world.runtime();
      Limits limits =
          new Limits(STEPS + 10, Duration.ofHours(1), Optional.empty(), Optional.empty());
      RunId warm = world.create(runtime, Script.of(call(tool("look")), say("done")));
      runtime.run(warm, World.definition(List.of(look), List.of()), null);
      times.clear();
      RunId run = world.create(runtime, model, limits);
      assertThat(runtime.run(run, World.definition(List.of(look), List.of()), null))
          .isEqualTo(RunState.COMPLETED);
      double all = rate(times, 0, STEPS - 1);
      double early = rate(times, STEPS / 4, STEPS / 2);
      double late = rate(times, STEPS - STEPS / 4, STEPS - 1);
      long begun = System.nanoTime();
      assertThat(world.state(run.lead()).steps()).isEqualTo(STEPS + 1);
      System.out.printf(
          "%d steps: %.0f steps/s (second quarter %.0f, last quarter %.0f);"
              + " reading %d entries back %.2f s%n",
          STEPS, all, early, late, 2 * STEPS, (System.nanoTime() - begun) / 1e9);
      assertThat(late).isGreaterThan(early / 3);
    }
  }

  private static double rate(List<Long> times, int from, int to) {
    return (to - from) * 1e9 / (times.get(to) - times.get(from));
  }
}
