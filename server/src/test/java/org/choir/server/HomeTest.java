package org.choir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HomeTest {
  @TempDir Path temp;

  @Test
  void isWhereTheEnvironmentSaysElseBelowTheUsersFolder() {
    assertThat(Home.locate(Map.of("CHOIR_HOME", "/a/b")).root()).isEqualTo(Path.of("/a/b"));
    assertThat(Home.locate(Map.of("HOME", "/home/ada")).root())
        .isEqualTo(Path.of("/home/ada/.choir"));
  }

  @Test
  void makesPrivateFoldersAndClosesOpenOnes() throws Exception {
    Path root = temp.resolve("home");
    Files.createDirectories(root.resolve("runs"));
    Files.setPosixFilePermissions(
        root.resolve("runs"), PosixFilePermissions.fromString("rwxr-xr-x"));

    Home home = Home.at(root);
    home.prepare();

    for (String part : Home.PARTS) {
      assertThat(Files.getPosixFilePermissions(home.part(part)))
          .as(part)
          .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    }
    assertThat(root.resolve("version")).hasContent("1");
  }

  @Test
  void refusesAHomeFromANewerVersionAndLeavesItAlone() throws Exception {
    Path root = Files.createDirectory(temp.resolve("home"));
    Files.writeString(root.resolve("version"), "2\n");

    assertThatThrownBy(() -> Home.at(root).prepare())
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("home_too_new");
              assertThat(e.failure().exit()).isEqualTo(ExitStatus.USAGE);
              assertThat(e.failure().remedy()).contains("CHOIR_HOME");
            });
    assertThat(root).isDirectoryNotContaining("glob:**/runs");
  }

  @Test
  void isHeldByOneProcessAtATimeAndAStaleLockHoldsNobodyUp() throws Exception {
    Home home = Home.at(temp.resolve("home"));
    home.prepare();
    Files.writeString(home.part("run").resolve("lock"), "999999\n");

    try (Home.Lock lock = home.lock().orElseThrow()) {
      assertThat(lock).isNotNull();
      assertThat(home.lock()).isEmpty();
      assertThat(home.holder()).contains(ProcessHandle.current().pid());
    }
    home.lock().orElseThrow().close();
  }

  @Test
  void keepsTheSocketPathShortEnoughForASocket() {
    Home deep = Home.at(temp.resolve("x".repeat(120)));
    assertThat(deep.socket().toString().length()).isLessThan(100);
    assertThat(Home.at(Path.of("/short")).socket()).isEqualTo(Path.of("/short/run/choir.sock"));
  }

  @Test
  void saysWhatToDoWhenTheFolderCannotBeMade() throws Exception {
    Path file = Files.createFile(temp.resolve("file"));
    assertThatThrownBy(() -> Home.at(file.resolve("home")).prepare())
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("home_unusable"));
  }
}
