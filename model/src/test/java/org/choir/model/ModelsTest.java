package org.choir.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.net.URI;
import java.util.Map;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Json;
import org.choir.core.Money;
import org.choir.model.ModelAnswer.Usage;
import org.choir.model.langchain4j.ProviderModel;
import org.junit.jupiter.api.Test;

class ModelsTest {
  private static final String KEY = "sk-very-secret-0123456789";

  private static ChoirException refusal(String text) {
    ChoirException refusal = catchThrowableOfType(ChoirException.class, () -> Models.parse(text));
    assertThat(refusal).as(text).isNotNull();
    assertThat(refusal.failure().exit()).isEqualTo(ExitStatus.USAGE);
    return refusal;
  }

  @Test
  void readsProviderAndName() {
    assertThat(Models.parse("anthropic:claude-sonnet-4-6"))
        .isEqualTo(new ModelName(Provider.ANTHROPIC, "claude-sonnet-4-6"));
    assertThat(Models.parse(" Ollama:llama3.1:8b ").id()).isEqualTo("ollama:llama3.1:8b");
    assertThat(Models.parse("openai:meta-llama/Llama-3.3-70B").name())
        .isEqualTo("meta-llama/Llama-3.3-70B");
  }

  @Test
  void namesTheNearestProvider() {
    assertThat(refusal("antropic:claude-x").failure().remedy())
        .contains("did you mean anthropic:claude-x?");
    assertThat(refusal("opneai:gpt-x").failure().remedy()).contains("openai:gpt-x");
    assertThat(refusal("extractiv").failure().remedy()).contains("did you mean extractive?");
    assertThat(refusal("claude-sonnet-4-6").failure().remedy())
        .contains("did you mean anthropic:claude-sonnet-4-6?");
    assertThat(refusal("gpt-5.4").failure().remedy()).contains("did you mean openai:gpt-5.4?");
    assertThat(refusal("zzzzzzzzzzzz:x").failure().remedy())
        .doesNotContain("did you mean")
        .contains("extractive");
    assertThat(refusal("zzzzzzzzzzzz:x").code()).isEqualTo("unknown_provider");
  }

  @Test
  void refusesAProviderWithoutAModelAndNamesThatCannotBe() {
    assertThat(refusal("anthropic").code()).isEqualTo("bad_model");
    assertThat(refusal("ollama:").failure().remedy()).contains("ollama:llama3.1:8b");
    assertThat(refusal("openai:two words").code()).isEqualTo("bad_model");
    assertThat(refusal("").code()).isEqualTo("unknown_provider");
  }

  @Test
  void takesAddressAndKeyFromTheProvidersVariables() {
    ModelName model = Models.parse("anthropic:claude-haiku-4-5");
    Map<String, String> environment =
        Map.of(
            "ANTHROPIC_API_KEY", KEY + "\n",
            "ANTHROPIC_BASE_URL", "https://gateway.example.org/anthropic",
            "OPENAI_API_KEY", "another");

    ModelSettings settings = ModelSettings.of(model, environment, Catalogue.shipped());

    assertThat(settings.baseUrl()).isEqualTo(URI.create("https://gateway.example.org/anthropic"));
    assertThat(settings.key().orElseThrow().reveal()).isEqualTo(KEY);
    assertThat(settings.contextTokens()).isEqualTo(200_000);
    assertThat(settings.toString()).contains("ANTHROPIC_API_KEY").doesNotContain(KEY);
    assertThat(ModelSettings.of(model, Map.of(), Catalogue.shipped()).baseUrl())
        .isEqualTo(Provider.ANTHROPIC.home());
  }

  @Test
  void failsBeforeAnyCallWhenTheKeyIsMissing() {
    for (String name : new String[] {"anthropic:claude-haiku-4-5", "openai:gpt-5.4"}) {
      ModelName model = Models.parse(name);
      ModelSettings settings =
          ModelSettings.of(model, Map.of("ANTHROPIC_API_KEY", " "), Catalogue.shipped());

      ModelException failure =
          catchThrowableOfType(ModelException.class, () -> ProviderModel.open(model, settings));

      assertThat(failure.kind()).isEqualTo(ModelException.Kind.UNAUTHORIZED);
      assertThat(failure).hasMessageContaining(model.provider().keyVariable());
    }
  }

  @Test
  void opensALocalServerAndOllamaWithoutAKey() {
    ModelName local = Models.parse("openai:qwen");
    Map<String, String> environment = Map.of("OPENAI_BASE_URL", "http://localhost:8000/v1");
    ProviderModel.open(local, ModelSettings.of(local, environment, Catalogue.shipped())).close();
    ModelName ollama = Models.parse("ollama:llama3.1:8b");
    ProviderModel.open(ollama, ModelSettings.of(ollama, Map.of(), Catalogue.shipped())).close();
  }

  @Test
  void refusesPlainHttpToOtherMachinesUnlessAllowed() {
    URI far = URI.create("http://models.example.org/v1");

    assertThatThrownBy(() -> new ModelSettings(far, null, 1000, false))
        .isInstanceOfSatisfying(
            ChoirException.class, failure -> assertThat(failure.code()).isEqualTo("plain_http"));
    assertThat(new ModelSettings(far, null, 1000, true).local()).isFalse();
    for (String here : new String[] {"http://127.0.0.1:1/", "http://[::1]:1", "http://LOCALHOST"}) {
      assertThat(new ModelSettings(URI.create(here), null, 1000, false).local()).isTrue();
    }
    assertThatThrownBy(
            () -> new ModelSettings(URI.create("http://127.0.0.1.evil.org"), null, 1000, false))
        .isInstanceOf(ChoirException.class);
  }

  @Test
  void refusesAddressesThatHideACredentialOrAreNone() {
    for (String bad :
        new String[] {
          "https://user:pass@models.example.org", "ftp://models.example.org", "models", "https:///x"
        }) {
      assertThatThrownBy(() -> new ModelSettings(URI.create(bad), null, 1000, true))
          .isInstanceOfSatisfying(
              ChoirException.class, failure -> assertThat(failure.code()).isEqualTo("bad_base_url"))
          .hasMessageNotContaining("pass@");
    }
  }

  @Test
  void neverShowsACredential() {
    PlatformCredential credential = PlatformCredential.of("OPENAI_API_KEY", KEY);

    assertThat(credential.toString()).isEqualTo("OPENAI_API_KEY (hidden)");
    assertThat(credential.redact("wrong key " + KEY + "!"))
        .isEqualTo("wrong key [OPENAI_API_KEY]!");
    for (String bad : new String[] {"", "two words", "line\nbreak", "schlüssel"}) {
      assertThatThrownBy(() -> PlatformCredential.of("OPENAI_API_KEY", bad))
          .isInstanceOf(ChoirException.class)
          .hasMessageContaining("OPENAI_API_KEY")
          .hasMessageNotContaining("schlüssel");
    }
  }

  @Test
  void knowsContextWindowsByFamilyAndLetsThemBeOverridden() {
    Catalogue shipped = Catalogue.shipped();

    assertThat(shipped.contextTokens(Models.parse("anthropic:claude-haiku-4-5-20251001")))
        .isEqualTo(200_000);
    assertThat(shipped.contextTokens(Models.parse("anthropic:claude-sonnet-4-6")))
        .isEqualTo(1_000_000);
    assertThat(shipped.contextTokens(Models.parse("openai:some-new-model"))).isEqualTo(128_000);
    assertThat(shipped.contextTokens(Models.parse("ollama:qwen3:4b"))).isEqualTo(32_768);
    Catalogue own =
        shipped.with(
            Json.parse(
                "[{\"provider\":\"openai\",\"family\":\"some-new\",\"context\":9000},"
                    + "{\"provider\":\"anthropic\",\"family\":\"claude-sonnet-4-6\",\"context\":1}]"));
    assertThat(own.contextTokens(Models.parse("openai:some-new-model"))).isEqualTo(9000);
    assertThat(own.contextTokens(Models.parse("anthropic:claude-sonnet-4-6"))).isEqualTo(1);
  }

  @Test
  void countsTheCostInMicroDollarsRoundedUp() {
    Price price = new Price(3_000_000, 300_000, 15_000_000);

    assertThat(price.cost(new Usage(1_000_000, 0, 0))).hasToString("3 USD");
    assertThat(price.cost(new Usage(1_000_000, 1_000_000, 100_000))).hasToString("1.8 USD");
    assertThat(price.cost(new Usage(1, 1, 0)).minorUnits()).isEqualTo(1);
    assertThat(price.cost(Usage.NONE).minorUnits()).isZero();
    assertThat(Price.FREE.cost(new Usage(1000, 0, 1000)).minorUnits()).isZero();
  }

  @Test
  void givesAPriceOnlyWhereItIsKnown() {
    Catalogue shipped = Catalogue.shipped();

    Money cost =
        shipped
            .price(Models.parse("openai:gpt-4o-mini-2024-07-18"))
            .orElseThrow()
            .cost(new Usage(1_000_000, 500_000, 1_000_000));
    assertThat(cost).hasToString("0.7125 USD");
    assertThat(shipped.price(Models.parse("anthropic:claude-haiku-4-5-20251001"))).isPresent();
    assertThat(shipped.price(Models.parse("openai:gpt-4o-audio-preview"))).isEmpty();
    assertThat(shipped.price(Models.parse("openai:some-new-model"))).isEmpty();
    assertThat(shipped.price(Models.parse("anthropic:claude-next"))).isEmpty();
    assertThat(shipped.price(Models.parse("ollama:qwen3:4b"))).contains(Price.FREE);
    assertThat(shipped.asOf()).isEqualTo("2026-06-04");
    Catalogue own =
        shipped.with(
            Json.parse(
                "[{\"provider\":\"openai\",\"family\":\"gpt-4o\",\"context\":128000,"
                    + "\"input\":1,\"cached\":2,\"output\":3}]"));
    assertThat(own.price(Models.parse("openai:gpt-4o"))).contains(new Price(1, 2, 3));
  }

  @Test
  void refusesACatalogueEntryThatCannotBeUsed() {
    for (String bad :
        new String[] {
          "[{\"provider\":\"nobody\",\"family\":\"x\",\"context\":1}]",
          "[{\"provider\":\"openai\",\"family\":\"\",\"context\":1}]",
          "[{\"provider\":\"openai\",\"family\":\"x\"}]",
          "[{\"provider\":\"openai\",\"family\":\"x\",\"context\":1,\"input\":5}]",
          "[{\"provider\":\"openai\",\"family\":\"x\",\"context\":1,\"input\":0.5,\"cached\":1,\"output\":1}]"
        }) {
      assertThatThrownBy(() -> Catalogue.shipped().with(Json.parse(bad)))
          .isInstanceOfSatisfying(
              ChoirException.class,
              failure -> assertThat(failure.code()).isEqualTo("bad_catalogue"));
    }
  }
}
