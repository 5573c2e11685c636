package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the start script says on a machine that lacks something. It gets no further in these tests.
 */
class ScriptTest {
  private static final List<String> BASICS =
      List.of("bash", "dirname", "readlink", "grep", "env", "cat", "tail", "stty", "find", "sort");

  @TempDir Path temp;
  private final Map<String, String> environment = new HashMap<>();

  private record Ended(int exit, String output) {}

  @BeforeEach
  void aBareMachine() throws Exception {
    Path bin = Files.createDirectory(temp.resolve("bin"));
    for (String program : BASICS) {
      program(bin.resolve(program), "exec /usr/bin/" + program + " \"$@\"");
    }
    environment.put("PATH", bin.toString());
    environment.put("CHOIR_JVM_FOLDER", temp.resolve("jvm").toString());
    environment.put("CHOIR_HOME", temp.resolve("home").toString());
    environment.put("CHOIR_NO_INSTALL", "1");
  }

  private static void program(Path file, String line) throws Exception {
    Files.writeString(file, "#!/bin/sh\n" + line + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private Ended choir(String... arguments) throws Exception {
    Path script = Path.of(System.getProperty("choir.repository"), "choir");
    List<String> line = new ArrayList<>(List.of("/bin/bash", script.toString()));
    line.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return new Ended(process.exitValue(), output);
  }

  @Test
  void saysInOneLineThatThereIsNoJdk25AndWhatToDo() throws Exception {
    Ended ended = choir("help");
    assertThat(ended.exit()).isEqualTo(2);
    assertThat(ended.output())
        .contains("no JDK 25 found")
        .contains("point JAVA_HOME at it")
        .hasLineCount(2);
  }

  @Test
  void anOlderJdkIsNotTakenForTheRightOne() throws Exception {
    Path old = temp.resolve("jvm/old");
    Files.createDirectories(old.resolve("bin"));
    Files.writeString(old.resolve("release"), "JAVA_VERSION=\"17.0.15\"\n");
    program(old.resolve("bin/javac"), "exit 0");
    environment.put("JAVA_HOME", old.toString());
    assertThat(choir("help").output()).contains("no JDK 25 found");
  }

  @Test
  void printsTheOneLineThatInstallsWhatIsMissingWhereItMayNotInstall() throws Exception {
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    Ended ended = choir("research", "What?", "--sources", ".");
    assertThat(ended.exit()).isEqualTo(2);
    assertThat(ended.output())
        .contains("missing Debian packages: maven qemu-system-x86")
        .contains("sudo apt-get install -y --no-install-recommends maven qemu-system-x86");
    assertThat(temp.resolve("home")).doesNotExist();
  }

  @Test
  void refusesAnUnknownOptionOfTestBeforeAnythingIsBuilt() throws Exception {
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    Ended ended = choir("test", "--al");
    assertThat(ended.exit()).isEqualTo(2);
    assertThat(ended.output()).contains("--al").contains("./choir test [--all]");
  }
}
