package org.choir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir verify}. */
@Command(
    name = "verify",
    description = "Check every cited sentence of a Markdown file against its sources.",
    footer = {
      "",
      "The file may cite with links, footnotes or [@key]. Web links are fetched: public addresses",
      "only. Exit 1 if anything is not supported.",
      "",
      "Examples:",
      "  choir verify report.md",
      "  choir verify notes.md --sources papers --json"
    })
final class VerifyAction extends Action {
  @Parameters(paramLabel = "FILE", description = "A Markdown file.")
  String file = "";

  @Option(names = "--sources", paramLabel = "PATH", description = "Where its sources lie.")
  List<String> sources = new ArrayList<>();

  @Option(names = "--offline", description = "Fetch nothing: web links count as unreachable.")
  boolean offline;

  VerifyAction(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    Path path = context.absolute(file);
    if (!Files.isRegularFile(path)) {
      throw ChoirException.usage(
          "no_such_file", "there is no file " + path, "name a Markdown file");
    }
    ObjectNode request = Json.object().put("file", path.toString()).put("offline", offline);
    ArrayNode roots = request.putArray("sources");
    sources.forEach(s -> roots.add(context.absolute(s).toString()));
    ObjectNode result = ask("verify", request);
    String text = result.path("text").asText();
    boolean verified = result.path("verified").asBoolean();
    result.remove("text");
    print(result, text.stripTrailing());
    return verified ? 0 : ExitStatus.FAILED.code();
  }
}
