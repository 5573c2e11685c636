package org.choir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.core.Json;
import org.choir.server.Nearest;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The {@code choir} command. */
@Command(
    name = "choir",
    description = "Research agents that people can trust with keys and money.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      HelpAction.class,
      ResearchAction.class,
      RunActions.Runs.class,
      RunActions.Show.class,
      RunActions.Events.class,
      RunActions.Pause.class,
      RunActions.Resume.class,
      RunActions.Cancel.class,
      RunActions.Remove.class,
      RunActions.Note.class,
      DecisionActions.Approve.class,
      DecisionActions.Deny.class,
      RunActions.Export.class,
      VerifyAction.class,
      KbActions.class,
      KbActions.Publish.class,
      KbActions.Revise.class,
      KbActions.Boost.class,
      KbActions.Cite.class,
      WalletActions.class,
      BuyActions.class,
      StakeActions.class,
      WithdrawActions.class,
      DepositActions.class,
      LoanActions.class,
      TreasuryActions.class,
      GovernanceActions.class,
      DemoAction.class,
      ServerActions.Up.class,
      ServerActions.Down.class,
      ServerActions.Status.class,
      DoctorAction.class,
      BackupActions.Backup.class,
      BackupActions.Restore.class,
      VmActions.class,
      AuditActions.class,
      TestAction.class,
      EvalAction.class,
      BenchAction.class
    },
    footer = {
      "",
      "Exit: 0 done, 1 failed or not verified, 2 wrong usage, 3 waiting for a person,",
      "4 budget exhausted, 130 interrupted.",
      "",
      "Begin with:",
      "  choir research \"How does a run continue after a crash?\" --sources docs"
    })
public final class Choir implements Runnable {
  private final Context context;
  @Spec CommandSpec spec;

  Choir(Context context) {
    this.context = context;
    this.spec = CommandSpec.create(); // until picocli sets the real one
  }

  /** Runs one command and ends the process with its exit status. */
  public static void main(String[] arguments) {
    System.exit(run(Context.ofProcess(), arguments));
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, stream.charset());
  }

  /** Runs one command. */
  static int run(Context context, String... arguments) {
    CommandLine line = new CommandLine(new Choir(context), new Factory(context));
    offerHelp(line);
    line.setOut(writer(context.out()));
    line.setErr(writer(context.err()));
    line.setColorScheme(
        CommandLine.Help.defaultColorScheme(
            context.terminal().style().colours()
                ? CommandLine.Help.Ansi.ON
                : CommandLine.Help.Ansi.OFF));
    line.setUsageHelpAutoWidth(false);
    line.setUsageHelpWidth(Math.clamp(context.terminal().columns(), 60, 110));
    line.setParameterExceptionHandler((e, args) -> wrongUsage(context, e));
    line.setExecutionExceptionHandler(
        (e, command, result) -> failed(context, e, List.of(arguments).contains("--json")));
    return line.execute(arguments);
  }

  /** Every command explains itself, whatever else it needs. */
  private static void offerHelp(CommandLine command) {
    command
        .getCommandSpec()
        .addOption(
            OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("Show this help.")
                .build());
    command.getSubcommands().values().stream().distinct().forEach(Choir::offerHelp);
  }

  @Override
  public void run() {
    CommandLine line = spec.commandLine();
    line.usage(context.out(), line.getColorScheme());
  }

  /** Gives commands their context. */
  private record Factory(Context context) implements CommandLine.IFactory {
    @Override
    public <K> K create(Class<K> type) throws Exception {
      try {
        var constructor = type.getDeclaredConstructor(Context.class);
        constructor.setAccessible(true);
        return constructor.newInstance(context);
      } catch (NoSuchMethodException e) {
        return CommandLine.defaultFactory().create(type);
      }
    }
  }

  private static int wrongUsage(Context context, ParameterException e) {
    CommandLine command = e.getCommandLine();
    context.err().println("choir: " + e.getMessage());
    Optional<String> near = nearest(e, command);
    near.ifPresent(n -> context.err().println("  did you mean: " + n + "?"));
    String path = command.getCommandSpec().qualifiedName(" ");
    context
        .err()
        .println(
            "  see: choir help" + (path.equals("choir") ? "" : path.substring("choir".length())));
    return ExitStatus.USAGE.code();
  }

  private static Optional<String> nearest(ParameterException e, CommandLine command) {
    if (!(e instanceof UnmatchedArgumentException unmatched)
        || unmatched.getUnmatched().isEmpty()) {
      return Optional.empty();
    }
    String word = unmatched.getUnmatched().getFirst();
    return Nearest.of(
        word,
        word.startsWith("-")
            ? command.getCommandSpec().optionsMap().keySet()
            : command.getSubcommands().keySet());
  }

  private static int failed(Context context, Exception e, boolean json) throws Exception {
    if (!(e instanceof ChoirException known)) {
      throw e;
    }
    Failure failure = known.failure();
    context.err().println("choir: " + failure.message());
    if (!failure.remedy().isEmpty()) {
      context.err().println("  " + failure.remedy());
    }
    if (json) {
      ObjectNode document = Json.object();
      document
          .putObject("error")
          .put("code", failure.code())
          .put("message", failure.message())
          .put("remedy", failure.remedy());
      context.out().println(Json.write(document));
    }
    return failure.exit().code();
  }
}
