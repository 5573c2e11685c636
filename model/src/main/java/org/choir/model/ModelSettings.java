package org.choir.model;

import java.net.URI;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Text;
import org.jspecify.annotations.Nullable;

/**
 * How one provider is reached.
 *
 * @param baseUrl the provider's home, or another server that speaks the same
 * @param credential null where the server wants none
 * @param contextTokens what the model takes, input and output together
 * @param allowPlainHttp whether an {@code http:} address outside this machine is accepted
 */
public record ModelSettings(
    URI baseUrl,
    @Nullable PlatformCredential credential,
    int contextTokens,
    boolean allowPlainHttp) {
  public ModelSettings {
    String scheme = baseUrl.getScheme() == null ? "" : baseUrl.getScheme().toLowerCase(Locale.ROOT);
    if (!(scheme.equals("https") || scheme.equals("http"))
        || baseUrl.getHost() == null
        || baseUrl.getRawUserInfo() != null
        || baseUrl.getRawQuery() != null
        || baseUrl.getRawFragment() != null) {
      throw ChoirException.usage(
          "bad_base_url",
          "a model's base address must be http or https with a host and without user, query and"
              + " fragment",
          "write for example https://models.example.org/v1");
    }
    if (scheme.equals("http") && !allowPlainHttp && !isLoopback(baseUrl.getHost())) {
      throw ChoirException.usage(
          "plain_http",
          "the model's base address "
              + Text.visible(baseUrl.toString(), 120)
              + " would carry keys and documents unencrypted over the network",
          "use https, a server on this machine, or allow plain http in the configuration");
    }
    if (contextTokens < 1) {
      throw ChoirException.usage(
          "bad_context",
          "a context of " + contextTokens + " tokens cannot hold anything",
          "give the model's context window in tokens");
    }
  }

  /**
   * The settings that the provider's own variables ask for; a blank variable counts as unset.
   *
   * @throws ChoirException {@code bad_base_url}, {@code plain_http} or {@code bad_credential}
   */
  public static ModelSettings of(
      ModelName model, Map<String, String> environment, Catalogue catalogue) {
    Provider provider = model.provider();
    String address = environment.getOrDefault(provider.baseUrlVariable(), "").strip();
    URI baseUrl;
    try {
      baseUrl = address.isEmpty() ? provider.home() : URI.create(address);
    } catch (IllegalArgumentException e) {
      throw ChoirException.usage(
          "bad_base_url",
          provider.baseUrlVariable() + " is not an address",
          "write for example " + provider.home());
    }
    return new ModelSettings(
        baseUrl,
        PlatformCredential.from(environment, provider.keyVariable()).orElse(null),
        catalogue.contextTokens(model),
        false);
  }

  /** The same with another context window. */
  public ModelSettings withContextTokens(int tokens) {
    return new ModelSettings(baseUrl, credential, tokens, allowPlainHttp);
  }

  /** The key, if there is one. */
  public Optional<PlatformCredential> key() {
    return Optional.ofNullable(credential);
  }

  /** Whether the server is on this machine. */
  public boolean local() {
    return isLoopback(baseUrl.getHost());
  }

  /** Names are not resolved: what a name means tomorrow is not known today. */
  private static boolean isLoopback(String host) {
    String bare = host.toLowerCase(Locale.ROOT);
    return bare.equals("localhost")
        || bare.equals("[::1]")
        || bare.matches("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");
  }
}
