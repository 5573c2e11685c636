package org.choir.economy.sui;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.choir.core.Json;

/** Node 22 with the packages of {@code src/test/sui}, installed under target by its own script. */
final class SuiOracle {
  static final Path SCRIPTS =
      Path.of(System.getProperty("choir.repository")).resolve("economy/src/test/sui");
  private static final Path FOLDER =
      Path.of(System.getProperty("choir.repository")).resolve("economy/target/sui-oracle");
  private static final int NOT_TO_BE_HAD = 3;

  /** Why an earlier test of this run could not have it; empty if none tried in vain. */
  private static String missing = "";

  private SuiOracle() {}

  /** Installs what is missing; the test that called is skipped, loudly, where that cannot be. */
  static synchronized void install(String what) {
    if (!missing.isEmpty()) {
      skip(what, missing);
    }
    try {
      Path log = Files.createTempFile("sui-oracle", ".log");
      Process process =
          new ProcessBuilder(SCRIPTS.resolve("install").toString(), FOLDER.toString())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      if (!process.waitFor(200, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        skip(what, "the packages were not there after 200 s");
      }
      String said = Files.readString(log);
      Files.delete(log);
      if (process.exitValue() == NOT_TO_BE_HAD) {
        skip(what, said.strip());
      }
      assertThat(process.exitValue()).as(said).isZero();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static void skip(String what, String why) {
    missing = why;
    System.err.println(
        "*** SKIPPED *** " + what + " ***\n*** " + why.lines().findFirst().orElse("") + " ***");
    abort(what + ": " + why);
  }

  /** Runs one of the scripts over these lines and returns its answers, line by line. */
  static List<ObjectNode> ask(String script, List<ObjectNode> questions) {
    List<ObjectNode> answers = run(script, List.of(), questions);
    assertThat(answers).hasSameSizeAs(questions);
    return answers;
  }

  /** As {@link #ask}, with arguments, and as many answers as the script gives. */
  static List<ObjectNode> run(String script, List<String> arguments, List<ObjectNode> questions) {
    List<String> command = new ArrayList<>();
    command.add(FOLDER.resolve("node_modules/node/bin/node").toString());
    command.add(FOLDER.resolve(script).toString());
    command.addAll(arguments);
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(FOLDER.toFile())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      Thread writer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try (var in = process.outputWriter(StandardCharsets.UTF_8)) {
                      for (ObjectNode question : questions) {
                        in.write(Json.write(question) + "\n");
                      }
                    } catch (IOException e) {
                      process.destroyForcibly(); // its answers will end too early
                    }
                  });
      List<ObjectNode> answers = new ArrayList<>();
      try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
        for (String line = out.readLine(); line != null; line = out.readLine()) {
          answers.add(Json.parseObject(line));
        }
      }
      writer.join();
      assertThat(process.waitFor()).isZero();
      return answers;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
