package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sandboxes by hand, in a real VM. */
class VmTest {
  @TempDir Path temp;

  private Command.Ended run(String... arguments) {
    return new Command(temp.resolve("home"), temp, Map.of()).run(arguments);
  }

  @AfterEach
  void down() {
    run("down");
  }

  @Test
  void runsCommandsAndCopiesFilesBothWays() throws Exception {
    Command.Ended created = run("vm", "create");
    assertThat(created.exit()).as(created.err()).isZero();
    String id = created.out().strip();
    assertThat(run("vm", "ls").out()).contains(id).contains("running");
    assertThat(run("status").out()).contains(id);

    Command.Ended exec = run("vm", "exec", id, "--", "bash", "-c", "id -u; echo err >&2; exit 7");
    assertThat(exec.exit()).isEqualTo(7);
    assertThat(exec.out().strip()).isEqualTo("1000");
    assertThat(exec.err()).contains("err");
    assertThat(run("vm", "exec", "--timeout", "1", id, "--", "sleep", "60").exit())
        .isGreaterThan(128);

    Files.writeString(temp.resolve("in.txt"), "carried");
    assertThat(run("vm", "cp", "in.txt", id + ":/workspace/in.txt").exit()).isZero();
    assertThat(run("vm", "exec", id, "--", "cat", "in.txt").out()).isEqualTo("carried");
    assertThat(run("vm", "cp", id + ":/workspace/in.txt", "out.txt").exit()).isZero();
    assertThat(temp.resolve("out.txt")).hasContent("carried");
    assertThat(run("vm", "cp", "a", "b").err()).contains("ID:/PATH");

    run("vm", "exec", id, "--", "bash", "-c", "echo in-memory > /tmp/m");
    assertThat(run("vm", "suspend", id).exit()).isZero();
    assertThat(run("vm", "ls").out()).contains(id).contains("suspended");
    assertThat(run("vm", "suspend", id).err()).contains("does not run");
    // Any use resumes it; so does the word for it, in another server too.
    assertThat(run("vm", "exec", id, "--", "cat", "/tmp/m").out()).isEqualTo("in-memory\n");
    assertThat(run("vm", "resume", id).err()).contains("nothing is to be done");
    assertThat(run("down").exit()).isZero();
    assertThat(run("vm", "ls").out()).contains("suspended");
    assertThat(run("vm", "resume", id).out()).contains("resumed VM " + id);
    assertThat(run("vm", "exec", id, "--", "cat", "/tmp/m").out()).isEqualTo("in-memory\n");

    // Another user's VM is as if it were not there.
    assertThat(run("vm", "ls", "--as", "bob").out()).doesNotContain(id);
    assertThat(run("vm", "exec", "--as", "bob", id, "--", "true").err()).contains("there is no VM");
    assertThat(run("vm", "rm", "--as", "bob", id).exit()).isEqualTo(2);

    assertThat(run("vm", "rm", id).exit()).isZero();
    assertThat(run("vm", "ls").out()).doesNotContain(id);
    Command.Ended none = run("vm", "exec", id, "--", "true");
    assertThat(none.exit()).isEqualTo(2);
    assertThat(none.err()).contains("there is no VM");
  }
}
