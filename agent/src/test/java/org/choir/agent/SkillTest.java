package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.choir.core.AgentId;
import org.choir.core.Json;
import org.junit.jupiter.api.Test;

class SkillTest {

  @Test
  void takesTheDescriptionFromTheFrontMatterOnly() {
    assertThat(Skill.description("---\nname: x\ndescription: \"Counts words.\"\n---\n# X"))
        .isEqualTo("Counts words.");
    assertThat(Skill.description("---\nname: x\n---\ndescription: not this")).isEmpty();
    assertThat(Skill.description("description: nor this")).isEmpty();
  }

  @Test
  void listsSkillsAndTheHomeInThePromptOfThoseWhoMayUseThem() {
    var skills = Json.array();
    skills.addObject().put("name", "count").put("description", "Counts words.");
    Home home = new Home(new AgentId("rprompt1-2"));
    assertThat(Prompt.of(World.definition(List.of(), List.of("read_skill")), home, skills))
        .startsWith("Do it.")
        .contains("- count: Counts words.", "/workspace/tasks/2");
    assertThat(Prompt.of(World.definition(List.of(), List.of("write_todos")), home, skills))
        .isEqualTo("Do it.");
  }
}
