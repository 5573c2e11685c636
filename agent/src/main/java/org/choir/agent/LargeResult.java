package org.choir.agent;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.choir.core.ChoirException;

/** Moves a long result into a file of the agent and leaves its head and tail. */
final class LargeResult {
  /** Characters; about 20,000 tokens. */
  static final int MAX = 80_000;

  private static final int LINES = 5;
  private static final int LINE_MAX = 1_000;

  private LargeResult() {}

  /**
   * The output as the model sees it.
   *
   * @param readable whether the agent has {@code read_file}; without it the result is only cut
   */
  static ToolOutput fit(
      ToolOutput output,
      String tool,
      String callId,
      Workspace workspace,
      Home home,
      boolean readable) {
    if (output.text().length() <= MAX || BuiltIns.SELF_LIMITING.contains(tool)) {
      return output;
    }
    if (!readable) {
      return with(output, preview(output.text()));
    }
    String path = home.path() + "/tools/large/" + name(callId);
    try {
      workspace.write(path, Strings.sound(output.text()).getBytes(StandardCharsets.UTF_8));
    } catch (RunVm.VmLostException | StopException e) {
      throw e;
    } catch (ChoirException e) {
      return with(
          output,
          preview(output.text())
              + "\n[The whole result could not be kept: "
              + e.getMessage()
              + "]");
    }
    return with(
        output,
        "The result has "
            + output.text().length()
            + " characters and was saved to "
            + path
            + ". Read it in pages with read_file, or search it with grep. Its beginning and end:\n"
            + preview(output.text()));
  }

  private static ToolOutput with(ToolOutput output, String text) {
    return new ToolOutput(text, output.failed(), output.events());
  }

  private static String preview(String text) {
    List<String> lines = text.lines().toList();
    StringBuilder out = new StringBuilder();
    int head = Math.min(LINES, lines.size());
    int tail = Math.max(head, lines.size() - LINES);
    lines.subList(0, head).forEach(l -> out.append(Strings.brief(l, LINE_MAX)).append('\n'));
    if (tail > head) {
      out.append('[').append(tail - head).append(" lines truncated]\n");
    }
    lines
        .subList(tail, lines.size())
        .forEach(l -> out.append(Strings.brief(l, LINE_MAX)).append('\n'));
    out.setLength(out.length() - 1);
    return out.toString();
  }

  private static String name(String callId) {
    String safe = Strings.cut(callId.replaceAll("[^A-Za-z0-9_-]", "_"), 64);
    return safe.isEmpty() ? "_" : safe;
  }
}
