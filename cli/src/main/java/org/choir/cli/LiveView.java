package org.choir.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.choir.server.RunProgress;

/**
 * The live plan of a run, as lines: the stages with the one it is in, the plan with a mark per
 * point, what the subagents do, counts and elapsed time. A pure function of what is recorded.
 */
final class LiveView {
  /** The stages in their order; one vocabulary in events and output. */
  static final List<String> STAGES =
      List.of("plan", "search", "read", "draft", "verify", "critique", "revise", "polish");

  private static final int TODOS_MAX = 12;
  private static final int WORKERS_MAX = 6;

  private LiveView() {}

  /**
   * The lines to show.
   *
   * @param columns of the terminal; no line is longer
   */
  static List<String> lines(RunProgress run, Duration elapsed, int columns, Style style) {
    List<String> lines = new ArrayList<>();
    lines.add(style.bold(Style.fit(run.question(), columns)));
    lines.add(rail(run.stage(), run.state(), columns, style));
    plan(run, columns, style, lines);
    workers(run, columns, style, lines);
    lines.add(style.dim(Style.fit(clock(elapsed) + " · " + counts(run), columns)));
    return lines;
  }

  private static String rail(String stage, String state, int columns, Style style) {
    int at = STAGES.indexOf(stage);
    boolean done = state.equals("completed");
    if (String.join(" → ", STAGES).length() > columns) {
      String place = done ? "done" : at < 0 ? state : (at + 1) + "/" + STAGES.size() + " " + stage;
      return style.cyan(Style.fit(place, columns));
    }
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < STAGES.size(); i++) {
      String word = STAGES.get(i);
      out.append(i == 0 ? "" : style.dim(" → "));
      if (done || i < at) {
        out.append(style.green(word));
      } else {
        out.append(i == at ? style.cyan(style.bold(word)) : style.dim(word));
      }
    }
    return out.toString();
  }

  private static void plan(RunProgress run, int columns, Style style, List<String> lines) {
    List<RunProgress.Todo> todos = run.todos();
    for (RunProgress.Todo todo : todos.subList(0, Math.min(TODOS_MAX, todos.size()))) {
      String text = Style.fit(todo.content(), columns - 4);
      lines.add(
          switch (todo.status()) {
            case "completed" -> "  " + style.green("✓") + " " + style.dim(text);
            case "in_progress" -> "  " + style.cyan("▸") + " " + text;
            default -> "  " + style.dim("○") + " " + text;
          });
    }
    if (todos.size() > TODOS_MAX) {
      lines.add(style.dim("    and " + (todos.size() - TODOS_MAX) + " more"));
    }
  }

  private static void workers(RunProgress run, int columns, Style style, List<String> lines) {
    List<RunProgress.Worker> busy = run.workers().stream().filter(w -> !w.ended()).toList();
    for (RunProgress.Worker worker : busy.subList(0, Math.min(WORKERS_MAX, busy.size()))) {
      lines.add("    " + style.cyan("·") + " " + style.dim(Style.fit(worker.task(), columns - 6)));
    }
    if (busy.size() > WORKERS_MAX) {
      lines.add(style.dim("    and " + (busy.size() - WORKERS_MAX) + " more at work"));
    }
  }

  /** What was found and used, for example {@code 3 documents · 12 passages from 2 sources}. */
  static String counts(RunProgress run) {
    List<String> parts = new ArrayList<>();
    parts.add(run.state().replace('_', ' '));
    if (run.documents() > 0) {
      parts.add(count(run.documents(), "document"));
    }
    if (run.skipped() > 0) {
      parts.add(run.skipped() + " skipped");
    }
    parts.add(count(run.evidence(), "passage") + " from " + count(run.sources(), "source"));
    run.report()
        .map(r -> r.path("summary").path("claims"))
        .filter(c -> c.isNumber())
        .ifPresent(c -> parts.add(count(c.asInt(), "claim")));
    parts.add(count(run.steps(), "step"));
    if (run.tokens() > 0) {
      parts.add(String.format(Locale.ROOT, "%,d tokens", run.tokens()));
    }
    run.cost().filter(c -> c.minorUnits() > 0).ifPresent(c -> parts.add(c.toString()));
    return String.join(" · ", parts);
  }

  private static String count(int n, String what) {
    return n + " " + what + (n == 1 ? "" : "s");
  }

  /** Minutes and seconds, for example {@code 1:05}. */
  static String clock(Duration elapsed) {
    return String.format(Locale.ROOT, "%d:%02d", elapsed.toMinutes(), elapsed.toSecondsPart());
  }
}
