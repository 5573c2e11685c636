package org.choir.model.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.choir.core.Json;
import org.choir.model.Message;
import org.choir.model.ModelAnswer.Stop;
import org.choir.model.ModelException.Kind;
import org.choir.model.ToolCall;
import org.choir.model.langchain4j.LocalProvider.Ending;
import org.choir.model.langchain4j.Wire.Script;
import org.choir.model.langchain4j.Wire.Words;
import org.junit.jupiter.api.Test;

final class AnthropicModelTest extends ModelClientConformance {
  @Override
  Wire wire() {
    return new AnthropicWire();
  }

  @Test
  void marksToolsSystemAndTheLastMessageForTheCache() {
    provider().answers(Script.of(new Words("Yes.")));

    ask(
        request(
            new Message.User("Go."),
            new Message.Assistant("", List.of(new ToolCall("call_1", "ls", "{}"))),
            new Message.ToolResult("call_1", "ls", "nothing", true)));

    JsonNode body = Json.parse(provider().asked().getFirst().body());
    JsonNode ephemeral = Json.object().put("type", "ephemeral");
    assertThat(body.at("/system/0/cache_control")).isEqualTo(ephemeral);
    assertThat(body.at("/tools/0/cache_control")).isEqualTo(ephemeral);
    assertThat(body.at("/messages/2/content/0/cache_control")).isEqualTo(ephemeral);
    assertThat(body.at("/messages/2/content/0/is_error").asBoolean()).isTrue();
    assertThat(body.at("/messages/0/content/0").has("cache_control")).isFalse();
  }

  @Test
  void saysWhenTheProviderRefusesTheContentOrTheWindowIsFull() {
    provider().answers(Script.of(new Words("I cannot")).stopping("filtered"));
    provider().answers(Script.of(new Words("And so")).stopping("model_context_window_exceeded"));

    assertThat(ask(question()).stop()).isEqualTo(Stop.FILTERED);
    assertThat(ask(question()).stop()).isEqualTo(Stop.LENGTH);
  }

  @Test
  void tellsFailuresInMidStreamApart() {
    String[] types = {"rate_limit_error", "authentication_error", "api_error"};
    Kind[] kinds = {Kind.RATE_LIMITED, Kind.UNAUTHORIZED, Kind.PROVIDER_FAILED};
    for (int i = 0; i < types.length; i++) {
      provider()
          .next(provider().raw(new AnthropicWire().errorEvent(types[i], "No."), 9, Ending.ORDERLY));

      assertThat(failure(question()).kind()).isEqualTo(kinds[i]);
    }
  }

  @Test
  void understandsGatewaysThatDropTheNamesOfEvents() {
    String bare =
        String.join("", wire().events(Script.of(new Words("Still ", "here."))))
            .replaceAll("event: .*\n", "");
    provider().next(provider().raw(bare, 20, Ending.ORDERLY));

    assertThat(ask(question()).text()).isEqualTo("Still here.");
  }
}
