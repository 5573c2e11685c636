package org.choir.model.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.choir.core.Json;
import org.choir.model.ModelAnswer.Usage;
import org.choir.model.ModelClient;
import org.choir.model.ModelException;
import org.choir.model.ModelException.Kind;
import org.choir.model.ModelSettings;
import org.choir.model.ToolCall;
import org.choir.model.langchain4j.LocalProvider.Ending;
import org.choir.model.langchain4j.Wire.Script;
import org.choir.model.langchain4j.Wire.Words;
import org.junit.jupiter.api.Test;

final class OllamaModelTest extends ModelClientConformance {
  @Override
  Wire wire() {
    return new OllamaWire();
  }

  @Test
  void tellsTheServerTheWindowSoThatItNeitherCutsNorShiftsTheConversation() {
    provider().answers(Script.of(new Words("Yes.")));

    ask(question());

    JsonNode body = Json.parse(provider().asked().getFirst().body());
    assertThat(body.at("/options/num_ctx").asInt()).isEqualTo(100_000);
    assertThat(body.path("truncate").asBoolean(true)).isFalse();
    assertThat(body.path("shift").asBoolean(true)).isFalse();
  }

  @Test
  void keepsCallsApartThatComeInOneLineOrAreAllNumberedZero() {
    String calls =
        "{\"message\":{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":["
            + "{\"function\":{\"name\":\"ls\",\"arguments\":{\"path\":\"/a\"}}},"
            + "{\"function\":{\"name\":\"ls\",\"arguments\":{\"path\":\"/b\"}}}]},\"done\":false}\n"
            + "{\"message\":{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":["
            + "{\"id\":\"call_abc\",\"function\":{\"index\":0,\"name\":\"glob\","
            + "\"arguments\":{\"pattern\":\"*\",\"deep\":{\"n\":1}}}}]},\"done\":false}\n"
            + "{\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,"
            + "\"done_reason\":\"stop\",\"eval_count\":9}\n";
    provider().next(provider().raw(calls, 13, Ending.ORDERLY));

    var answer = ask(question());

    assertThat(answer.calls())
        .containsExactly(
            new ToolCall("call_1", "ls", "{\"path\":\"/a\"}"),
            new ToolCall("call_2", "ls", "{\"path\":\"/b\"}"),
            new ToolCall("call_abc", "glob", "{\"pattern\":\"*\",\"deep\":{\"n\":1}}"));
    assertThat(answer.usage()).as("a wholly cached prompt").isEqualTo(new Usage(0, 0, 9));
  }

  @Test
  void leavesOutTheThoughtsOfAThinkingModel() {
    String lines =
        """
        {"message":{"role":"assistant","content":"","thinking":"Hm."},"done":false}
        {"message":{"role":"assistant","content":"Yes."},"done":true}
        """;
    provider().next(provider().raw(lines, 13, Ending.ORDERLY));

    assertThat(ask(question()).text()).isEqualTo("Yes.");
  }

  @Test
  void saysHowToGetAModelThatIsNotPulled() {
    provider().fails(404, "{\"error\":\"model 'test:1b' not found\"}");

    ModelException failure = failure(question());

    assertThat(failure.kind()).isEqualTo(Kind.UNKNOWN_MODEL);
    assertThat(failure.failure().remedy()).isEqualTo("get it with: ollama pull test:1b");
  }

  @Test
  void sendsNoKeyWhereThereIsNone() {
    ModelSettings settings = new ModelSettings(provider().address(), null, 8000, false);
    try (ModelClient open = ProviderModel.open(wire().model(), settings)) {
      provider().answers(Script.of(new Words("Yes.")));

      open.ask(question(), event -> {});

      assertThat(provider().asked().getFirst().header("Authorization")).isEmpty();
    }
  }
}
