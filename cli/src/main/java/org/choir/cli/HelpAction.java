package org.choir.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.choir.core.ChoirException;
import org.choir.server.Nearest;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code choir help}. */
@Command(
    name = "help",
    description = "Show what a command does.",
    footer = {"", "Examples:", "  choir help research", "  choir help vm exec"})
final class HelpAction implements Callable<Integer> {
  @Parameters(arity = "0..*", paramLabel = "COMMAND", description = "The command, word by word.")
  List<String> words = List.of();

  private final Context context;
  @Spec CommandSpec spec;

  HelpAction(Context context) {
    this.context = context;
    this.spec = CommandSpec.create(); // until picocli sets the real one
  }

  @Override
  public Integer call() {
    CommandLine command = spec.root().commandLine();
    for (String word : words) {
      CommandLine next = command.getSubcommands().get(word);
      if (next == null) {
        throw ChoirException.usage(
            "no_command",
            "there is no command '" + word + "'",
            Nearest.of(word, command.getSubcommands().keySet())
                .map(near -> "did you mean: " + near + "?")
                .orElse("see: choir help"));
      }
      command = next;
    }
    command.usage(context.out(), command.getColorScheme());
    return 0;
  }
}
