package org.choir.model.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.choir.model.ModelAnswer.Stop;
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

final class OpenAiModelTest extends ModelClientConformance {
  @Override
  Wire wire() {
    return new OpenAiWire();
  }

  private void streams(String... events) {
    StringBuilder text = new StringBuilder();
    for (String event : events) {
      text.append("data: ").append(event).append("\n\n");
    }
    provider().next(provider().raw(text.toString(), 11, Ending.ORDERLY));
  }

  @Test
  void sendsNoKeyToALocalServerThatWantsNone() {
    ModelSettings settings =
        new ModelSettings(wire().baseUrl(provider().address()), null, 8000, false);
    try (ModelClient open = ProviderModel.open(wire().model(), settings)) {
      provider().answers(Script.of(new Words("Yes.")));

      open.ask(question(), event -> {});

      assertThat(provider().asked().getFirst().header("Authorization")).isEmpty();
    }
  }

  @Test
  void takesServersThatRepeatACallsIdAndLeaveOutUsage() {
    streams(
        "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\","
            + "\"type\":\"function\",\"function\":{\"name\":\"ls\",\"arguments\":\"{\\\"a\"}}]}}]}",
        "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\","
            + "\"type\":\"function\",\"function\":{\"arguments\":\"\\\":1}\"}}]}}]}",
        "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}",
        "[DONE]");

    var answer = ask(question());

    assertThat(answer.calls()).isEqualTo(List.of(new ToolCall("c1", "ls", "{\"a\":1}")));
    assertThat(answer.stop()).isEqualTo(Stop.TOOLS);
    assertThat(answer.usage()).isEqualTo(Usage.NONE);
  }

  @Test
  void makesIdsWhereTheServerGivesNone() {
    streams(
        "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
            + "\"function\":{\"name\":\"ls\",\"arguments\":\"{}\"}}]}}]}",
        "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,"
            + "\"function\":{\"name\":\"ls\",\"arguments\":\"\"}}]}}]}",
        "[DONE]");

    assertThat(ask(question()).calls())
        .containsExactly(new ToolCall("call_1", "ls", "{}"), new ToolCall("call_2", "ls", "{}"));
  }

  @Test
  void seesFailuresThatServersPutBeforeDone() {
    streams(
        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Half\"}}]}",
        "{\"error\":{\"message\":\"upstream is down\",\"code\":502}}",
        "[DONE]");
    assertThat(failure(question()).kind()).isEqualTo(Kind.PROVIDER_FAILED);

    streams("{\"object\":\"error\",\"message\":\"out of memory\",\"code\":500}", "[DONE]");
    assertThat(failure(question())).hasMessageContaining("out of memory");

    streams("{\"error\":{\"message\":\"too many requests\",\"code\":429}}");
    assertThat(failure(question()).kind()).isEqualTo(Kind.RATE_LIMITED);
  }

  @Test
  void saysWhenTheContentWasFiltered() {
    provider().answers(Script.of(new Words("I")).stopping("filtered"));

    assertThat(ask(question()).stop()).isEqualTo(Stop.FILTERED);
  }

  @Test
  void doesNotSayThatWaitingHelpsWhenTheCreditIsUsedUp() {
    provider()
        .fails(
            429,
            wire().error("insufficient_quota", "insufficient_quota", "You exceeded your quota"));

    ModelException failure = failure(question());

    assertThat(failure.kind()).isEqualTo(Kind.RATE_LIMITED);
    assertThat(failure.failure().retryable()).isFalse();
    assertThat(failure.failure().remedy()).contains("credit");
  }

  @Test
  void knowsOtherServersWordsForAWrongKeyAndAnUnknownModel() {
    provider()
        .fails(
            400,
            "{\"error\":{\"code\":400,\"message\":\"API key not valid. Please pass a valid API"
                + " key.\",\"status\":\"INVALID_ARGUMENT\"}}");
    provider().fails(400, "{\"error\":{\"message\":\"x/y is not a valid model ID\",\"code\":400}}");
    provider().fails(404, "{\"detail\":\"Not Found\"}");

    assertThat(failure(question()).kind()).isEqualTo(Kind.UNAUTHORIZED);
    assertThat(failure(question()).kind()).isEqualTo(Kind.UNKNOWN_MODEL);
    assertThat(failure(question()).kind()).isEqualTo(Kind.UNKNOWN_MODEL);
  }
}
