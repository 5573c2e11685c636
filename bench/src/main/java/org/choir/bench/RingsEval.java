package org.choir.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.knowledge.CitationEdge;
import org.choir.knowledge.Ring;
import org.choir.knowledge.RingDetector;

/** {@code eval rings FILE}: directed citations as CSV with the header {@code src,trg,weight}. */
final class RingsEval implements Evals.Eval {
  @Override
  public void run(Map<String, Path> files, Path cache, PrintStream out, PrintStream progress) {
    Path file = Evals.required(files, "file");
    List<CitationEdge> edges = new ArrayList<>();
    Lines.each(file, (number, text) -> edge(file, number, text, edges));
    progress.println("rings: " + edges.size() + " edges read");
    List<Ring> rings = RingDetector.rings(edges);
    for (Ring ring : rings) {
      ObjectNode line = Json.object();
      ArrayNode members = line.putArray("ring");
      ring.members().forEach(members::add);
      line.put("p", ring.p()).put("inside", ring.inside()).put("expected", ring.expected());
      ArrayNode roles = line.putArray("members");
      for (Ring.Role role : ring.roles()) {
        roles
            .addObject()
            .put("id", role.member())
            .put("gives", role.gives())
            .put("receives", role.receives());
      }
      out.println(Json.write(line));
    }
    out.println(
        Json.write(
            Json.object()
                .put("summary", true)
                .put("edges", edges.size())
                .put("rings", rings.size())
                .put("members", rings.stream().mapToInt(r -> r.members().size()).sum())));
  }

  private static void edge(Path file, int number, String text, List<CitationEdge> edges) {
    String[] cells = text.strip().split(",", -1);
    if (number == 1) {
      if (!text.strip().replace("\"", "").replace("\uFEFF", "").equals("src,trg,weight")) {
        throw ChoirException.usage(
            "bad_line", file + " does not begin with the header src,trg,weight", "add it");
      }
      return;
    }
    try {
      if (cells.length == 3) {
        double weight = Double.parseDouble(cells[2].strip());
        if (weight > 0) {
          edges.add(new CitationEdge(cells[0].strip(), cells[1].strip(), weight));
        }
        return;
      }
    } catch (IllegalArgumentException e) {
      throw ChoirException.usage(
          "bad_line", file + ", line " + number + ": " + e.getMessage(), "write src,trg,weight");
    }
    throw ChoirException.usage(
        "bad_line",
        file + ", line " + number + " has " + cells.length + " cells, not 3",
        "write src,trg,weight");
  }
}
