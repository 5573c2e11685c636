package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GuestPathTest {

  @ParameterizedTest
  @CsvSource({
    "/workspace//drafts/./a.md/,/workspace/drafts/a.md",
    "drafts/a.md,/workspace/drafts/a.md",
    "a..b,/workspace/a..b",
    "'',/workspace",
    ".,/workspace",
    "/,/",
    "with space/ü💡,/workspace/with space/ü💡"
  })
  void resolvesAgainstTheAgentsHome(String path, String resolved) {
    assertThat(GuestPath.resolve(path, "/workspace")).isEqualTo(resolved);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../x", "/workspace/../etc/passwd", "a/..", "~/x", "~", "C:\\x", "c:/x", "a\nb"})
  void refusesWaysOutAndForeignPaths(String path) {
    assertThatThrownBy(() -> GuestPath.resolve(path, "/workspace"))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("invalid_path"));
  }

  @Test
  void givesEachAgentItsOwnPartOfTheWorkspace() {
    Home lead = new Home(new AgentId("rabcdef"));
    Home sub = new Home(new AgentId("rabcdef-2"));
    assertThat(lead.holds("/workspace/drafts/a.md")).isTrue();
    assertThat(lead.holds("/workspace/tasks/2/a.md")).isFalse();
    assertThat(lead.holds("/workspace/.choir/x")).isFalse();
    assertThat(lead.mayWrite("/workspace")).isFalse();
    assertThat(lead.mayWrite("/tmp/x")).isTrue();
    assertThat(lead.mayWrite("/etc/passwd")).isFalse();
    assertThat(lead.mayWrite("/workspace2/a")).isFalse();
    assertThat(sub.mayWrite("/workspace/tasks/2/a.md")).isTrue();
    assertThat(sub.mayWrite("/workspace/tasks/22/a.md")).isFalse();
    assertThat(sub.mayWrite("/workspace/drafts/a.md")).isFalse();
    assertThat(sub.uid()).isEqualTo(1002);
  }
}
