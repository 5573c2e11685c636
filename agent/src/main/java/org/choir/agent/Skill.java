package org.choir.agent;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.choir.core.ChoirException;
import org.choir.core.Text;
import org.choir.sandbox.Vm;

/**
 * A skill of the guest image: its name and the one-line description from the front matter of {@code
 * /skills/<name>/SKILL.md}.
 */
record Skill(String name, String description) {
  private static final String FOLDER = "/skills";
  private static final int FRONT_MATTER_MAX = 16 << 10;
  private static final int SKILLS_MAX = 100;

  /** The skills of this machine, by name; none if it has no such folder. */
  static List<Skill> in(Workspace workspace) {
    List<Skill> out = new ArrayList<>();
    for (Vm.FileStat entry : folder(workspace)) {
      String name = entry.path().substring(entry.path().lastIndexOf('/') + 1);
      if (entry.type().equals("directory") && out.size() < SKILLS_MAX) {
        byte[] head = workspace.read(FOLDER + "/" + name + "/SKILL.md", 0, FRONT_MATTER_MAX);
        out.add(new Skill(name, description(new String(head, StandardCharsets.UTF_8))));
      }
    }
    return List.copyOf(out);
  }

  private static List<Vm.FileStat> folder(Workspace workspace) {
    try {
      return workspace.list(FOLDER, false);
    } catch (ChoirException e) {
      if (e.code().equals("file_not_found")) {
        return List.of();
      }
      throw e;
    }
  }

  /** The value of {@code description:} between the first two {@code ---} lines. */
  static String description(String markdown) {
    List<String> lines = markdown.lines().toList();
    if (lines.isEmpty() || !lines.getFirst().strip().equals("---")) {
      return "";
    }
    for (String line : lines.subList(1, lines.size())) {
      if (line.strip().equals("---")) {
        break;
      }
      if (line.startsWith("description:")) {
        String value = line.substring("description:".length()).strip();
        boolean quoted =
            value.length() >= 2
                && (value.startsWith("\"") || value.startsWith("'"))
                && value.charAt(0) == value.charAt(value.length() - 1);
        return Text.visible(quoted ? value.substring(1, value.length() - 1) : value, 500);
      }
    }
    return "";
  }
}
