package org.choir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code choir vm cp}. */
@Command(
    name = "cp",
    description = {
      "Copy a file, or a folder with all it holds, into a VM or out of it; the side in the VM is",
      "ID:PATH. What cannot be copied is listed and does not stop the rest; exit 1 then."
    },
    footer = {
      "",
      "Examples:",
      "  choir vm cp data.csv ID:/workspace/sources/data.csv",
      "  choir vm cp ID:/workspace/out.txt out.txt",
      "  choir vm cp ID:/workspace/reports reports"
    })
final class VmCopyAction extends Action {
  @Parameters(index = "0", paramLabel = "FROM")
  String from = "";

  @Parameters(index = "1", paramLabel = "TO")
  String to = "";

  private final Screen screen;

  VmCopyAction(Context context) {
    super(context);
    this.screen = new Screen(context.err(), context.terminal().rows());
  }

  @Override
  public Integer call() {
    Optional<String[]> source = guest(from);
    Optional<String[]> target = guest(to);
    if (source.isPresent() == target.isPresent()) {
      throw ChoirException.usage(
          "bad_copy",
          "exactly one side must be in a VM, written ID:/PATH",
          "for example: choir vm cp data.csv ID:/workspace/sources/data.csv");
    }
    String[] inside = source.or(() -> target).orElseThrow();
    String file = context.absolute(source.isPresent() ? to : from).toString();
    ObjectNode result =
        ask(
            source.isPresent() ? "vm.read" : "vm.write",
            Json.object().put("id", inside[0]).put("path", inside[1]).put("file", file),
            this::progress);
    screen.clear();
    long files = result.path("files").asLong();
    print(
        result,
        result.path("bytes").asText() + " bytes" + (files == 1 ? "" : " in " + files + " files"));
    result
        .path("failed")
        .forEach(
            failed ->
                context
                    .err()
                    .println(
                        "choir: "
                            + failed.path("code").asText()
                            + ": "
                            + failed.path("message").asText()));
    return (result.path("failed").isEmpty() ? ExitStatus.DONE : ExitStatus.FAILED).code();
  }

  private void progress(ObjectNode event) {
    if (context.terminal().live() && event.has("copying")) {
      screen.draw(
          List.of(
              Style.fit(
                  event.path("bytes").asLong() / (1 << 20)
                      + " MiB, "
                      + event.path("files").asText()
                      + " files · "
                      + event.path("copying").asText(),
                  context.terminal().columns() - 1)));
    }
  }

  private static Optional<String[]> guest(String side) {
    return side.matches("[A-Za-z0-9._-]+:/.*") ? Optional.of(side.split(":", 2)) : Optional.empty();
  }
}
