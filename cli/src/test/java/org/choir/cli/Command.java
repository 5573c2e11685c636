package org.choir.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.choir.core.Json;

/** Runs commands in this process, as a person without a terminal would. */
final class Command {
  private final Path folder;
  private final Map<String, String> environment;
  private final String build;

  Command(Path home, Path folder, Map<String, String> more) {
    this(home, folder, more, "test");
  }

  Command(Path home, Path folder, Map<String, String> more, String build) {
    this.folder = folder;
    this.build = build;
    this.environment = new HashMap<>(System.getenv());
    environment.keySet().removeIf(name -> name.startsWith("CHOIR_"));
    environment.keySet().removeAll(org.choir.server.PlatformCredentials.NAMES);
    environment.put("CHOIR_HOME", home.toString());
    environment.putAll(more);
  }

  /** How a command ended. */
  record Ended(int exit, String out, String err) {
    com.fasterxml.jackson.databind.JsonNode json() {
      return Json.parse(out);
    }
  }

  Ended run(String... arguments) {
    return run(new byte[0], arguments);
  }

  /** With this on standard input. */
  Ended run(byte[] in, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Context context =
        new Context(
            Map.copyOf(environment),
            new ByteArrayInputStream(in),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            Terminal.NONE,
            folder,
            build);
    int exit = Choir.run(context, arguments);
    return new Ended(
        exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /**
   * The command as a process of its own, as a person at a terminal of 40 rows would start it; what
   * it prints on standard error goes to the file.
   */
  Process startOnTerminal(Path err, String... arguments) throws IOException {
    return started(line(List.of("-Dchoir.terminal=40 100"), arguments), err);
  }

  /** The command as a process of its own; what it prints on standard error goes to the file. */
  Process start(Path err, String... arguments) throws IOException {
    return started(line(List.of(), arguments), err);
  }

  private Process started(List<String> line, Path err) throws IOException {
    ProcessBuilder builder = builder(line);
    builder.redirectError(err.toFile());
    builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
    return builder.start();
  }

  /** The command in a terminal whose keys and screen are the process's two streams. */
  Process inTerminal(String... arguments) throws IOException {
    String words =
        line(List.of(), arguments).stream()
            .map(word -> "'" + word.replace("'", "'\\''") + "'")
            .collect(Collectors.joining(" "));
    return builder(List.of("script", "-qec", words, "/dev/null")).redirectErrorStream(true).start();
  }

  private ProcessBuilder builder(List<String> line) {
    ProcessBuilder builder = new ProcessBuilder(line);
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.directory(folder.toFile());
    return builder;
  }

  private List<String> line(List<String> options, String... arguments) {
    // A build in the background ignores Ctrl-C, and so would all that it starts.
    List<String> line = new ArrayList<>(List.of("env", "--default-signal=INT"));
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(
        List.of(
            "-Dchoir.build=" + build,
            "-Dchoir.repository=" + System.getProperty("choir.repository"),
            "-cp",
            System.getProperty("java.class.path")));
    line.addAll(options);
    line.add(Choir.class.getName());
    line.addAll(List.of(arguments));
    return line;
  }
}
