package org.choir.audit;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.function.LongFunction;
import org.choir.core.Json;

/**
 * What happened in some time, told as a shift report: what needs a look first, then each run in the
 * order they began, many small steps as one counted line. Every line names the events it is made
 * from. A pure function of the events and the reader's language and zone.
 *
 * @param title who, when, in which zone
 * @param summary one sentence of counts and amounts
 */
public record Story(String title, String summary, List<Section> sections, String footer) {
  private static final int RANGES_MAX = 6;

  public Story {
    sections = List.copyOf(sections);
  }

  /** A heading and its lines. */
  public record Section(String heading, List<Line> lines) {
    public Section {
      lines = List.copyOf(lines);
    }
  }

  /**
   * One thing that happened.
   *
   * @param when the time of day, or from and until
   * @param events the indexes it is made from, ascending
   */
  public record Line(String when, String text, List<Long> events) {
    public Line {
      events = List.copyOf(events);
    }

    /** The events in words: {@code #3}, {@code #3–#9, #12}; from and until where that is long. */
    String references(LongFunction<String> link) {
      StringBuilder out = new StringBuilder();
      int ranges = 0;
      for (int i = 0; i < events.size(); i++) {
        int from = i;
        while (i + 1 < events.size() && events.get(i + 1) == events.get(i) + 1) {
          i++;
        }
        if (++ranges > RANGES_MAX) {
          return link.apply(events.getFirst())
              + "–"
              + link.apply(events.getLast())
              + " ("
              + events.size()
              + ")";
        }
        out.append(out.isEmpty() ? "" : ", ").append(link.apply(events.get(from)));
        out.append(i > from ? "–" + link.apply(events.get(i)) : "");
      }
      return out.toString();
    }
  }

  /** An event and what is known of its personal fields. */
  public record Told(Leaf leaf, Prose.Personal personal) {}

  /** For a terminal. */
  public String text() {
    StringBuilder out = new StringBuilder(title + "\n" + summary + "\n");
    for (Section section : sections) {
      out.append('\n').append(section.heading()).append('\n');
      for (Line line : section.lines()) {
        out.append("  ").append(line.when()).append("  ").append(line.text());
        if (!line.events().isEmpty()) {
          out.append("  [").append(line.references(i -> "#" + i)).append(']');
        }
        out.append('\n');
      }
    }
    return out.append('\n').append(footer).append('\n').toString();
  }

  /**
   * As Markdown, each line linked to its events.
   *
   * @param link the address of an event, by its index
   */
  public String markdown(LongFunction<String> link) {
    StringBuilder out = new StringBuilder("# " + escaped(title) + "\n\n");
    out.append(escaped(summary)).append('\n');
    for (Section section : sections) {
      out.append("\n## ").append(escaped(section.heading())).append("\n\n");
      for (Line line : section.lines()) {
        String references = line.references(i -> "[\\#" + i + "](" + link.apply(i) + ")");
        out.append("- ").append(line.when()).append(" — ").append(escaped(line.text()));
        out.append(" ").append(references).append('\n');
      }
    }
    return out.append('\n').append(escaped(footer)).append('\n').toString();
  }

  /** Words from outside may hold what Markdown or HTML would take for its own. */
  private static String escaped(String text) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if ("\\`*_[]<>#&!|~".indexOf(c) >= 0) {
        out.append('\\');
      }
      out.append(c);
    }
    return out.toString();
  }

  /** {@code {title,summary,sections:[{heading,lines:[{when,text,events}]}]}}. */
  public ObjectNode json() {
    ObjectNode out = Json.object().put("title", title).put("summary", summary);
    ArrayNode all = out.putArray("sections");
    for (Section section : sections) {
      ArrayNode lines = all.addObject().put("heading", section.heading()).putArray("lines");
      for (Line line : section.lines()) {
        ArrayNode events =
            lines.addObject().put("when", line.when()).put("text", line.text()).putArray("events");
        line.events().forEach(events::add);
      }
    }
    return out;
  }
}
