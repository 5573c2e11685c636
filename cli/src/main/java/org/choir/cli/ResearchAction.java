package org.choir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Scanner;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.server.ControlClient;
import org.choir.server.Launcher;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir research}. */
@Command(
    name = "research",
    description =
        "Answer a question with a cited report, every sentence checked against its source.",
    footer = {
      "",
      "Examples:",
      "  choir research \"How does a run continue after a crash?\" --sources docs",
      "  choir research \"Which index types are there?\" --sources manual --depth deep --out report.md",
      "  choir research \"And what do they cost?\" --continue r1h2k3m4n5p6q",
      "  choir research \"What is known of the tides at Saint-Malo?\" --web",
      "",
      "Exit: 0 done, 1 failed, 2 wrong usage, 3 paused or waiting, 4 budget exhausted, 130 interrupted."
    })
final class ResearchAction extends Action {
  @Parameters(arity = "1..*", paramLabel = "QUESTION", description = "What you want to know.")
  List<String> question = List.of();

  @Option(
      names = "--sources",
      paramLabel = "PATH",
      description =
          "A folder or file to answer from; may be given again. Without it and without --web, the"
              + " knowledge base is searched.")
  List<String> sources = new ArrayList<>();

  @Option(
      names = "--continue",
      paramLabel = "RUN",
      description = "Start from that run's evidence, plan and notes.")
  String continued = "";

  @Option(names = "--depth", paramLabel = "quick|standard|deep", description = "How far to go.")
  String depth = "";

  @Option(
      names = "--model",
      paramLabel = "PROVIDER:NAME",
      description = "anthropic:, openai: or ollama:NAME; default extractive (no language model).")
  String model = "";

  @Option(
      names = "--budget",
      paramLabel = "2usd|200000tok",
      description = "Stop cleanly when so much is used.")
  String budget = "";

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Where the report goes; the record goes to FILE.verification.json.")
  String out = "";

  @Option(
      names = "--allow-domain",
      paramLabel = "HOST[:PORT]",
      description = "A host that programs in the run's VM may reach; may be given again.")
  List<String> allowed = new ArrayList<>();

  @Option(
      names = "--web",
      description = "Search the web and read its pages; the question's words leave this machine.")
  boolean web;

  @Option(names = "--yes", description = "Agree that passages are sent to the model's service.")
  boolean yes;

  ResearchAction(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    ObjectNode request = request();
    Launcher launcher = launcher();
    ObjectNode result;
    try {
      result = run(launcher, request);
    } catch (ChoirException e) {
      if (!e.code().equals("consent_needed") || !agreed(e)) {
        throw e;
      }
      result = run(launcher, request.put("yes", true));
    }
    print(Outcome.json(result), Outcome.text(result, style()));
    return Outcome.exit(result.path("state").asText()).code();
  }

  private ObjectNode run(Launcher launcher, ObjectNode request) {
    try (ControlClient client = launcher.connect(true)) {
      return new RunWatcher(context, launcher, user()).watch(client, "research", request, null);
    }
  }

  private Style style() {
    return new Style(false);
  }

  /** What can be refused without a server is refused here, at once. */
  private ObjectNode request() {
    String asked = String.join(" ", question).strip();
    if (asked.isEmpty()) {
      throw ChoirException.usage(
          "empty_question", "the question is empty", "write what you want to know, in quotes");
    }
    ObjectNode request = Json.object().put("question", asked);
    ArrayNode paths = request.putArray("sources");
    for (String source : sources) {
      Path path = context.absolute(source);
      if (!Files.exists(path)) {
        throw ChoirException.usage(
            "no_such_source",
            "there is no file or folder " + path,
            "check the spelling; relative paths start at " + context.folder());
      }
      paths.add(path.toString());
    }
    allowed.forEach(request.putArray("allow")::add);
    put(request, "continue", continued);
    put(request, "depth", depth);
    put(request, "model", model);
    put(request, "budget", budget);
    if (!out.isEmpty()) {
      Path file = context.absolute(out);
      if (Files.isDirectory(file)) {
        throw ChoirException.usage(
            "bad_out", file + " is a folder", "name a file: --out " + out + "/report.md");
      }
      request.put("out", file.toString());
    }
    return request.put("web", web).put("yes", yes);
  }

  private static void put(ObjectNode request, String name, String value) {
    if (!value.isEmpty()) {
      request.put(name, value);
    }
  }

  /** Asks the person, where there is one. */
  private boolean agreed(ChoirException question) {
    if (!context.terminal().asks()) {
      return false;
    }
    context.err().print("choir: " + question.failure().message() + ". Send them? [y/N] ");
    context.err().flush();
    Scanner answers = new Scanner(System.in, StandardCharsets.UTF_8);
    String answer = answers.hasNextLine() ? answers.nextLine() : "";
    return List.of("y", "yes").contains(answer.strip().toLowerCase(Locale.ROOT));
  }
}
