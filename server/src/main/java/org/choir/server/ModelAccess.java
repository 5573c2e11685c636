package org.choir.server;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.choir.agent.AgentRuntime;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.core.Money;
import org.choir.model.Catalogue;
import org.choir.model.Embedder;
import org.choir.model.ModelAnswer;
import org.choir.model.ModelClient;
import org.choir.model.ModelName;
import org.choir.model.ModelSettings;
import org.choir.model.Models;
import org.choir.model.langchain4j.ProviderModel;
import org.choir.vibewriter.ExtractiveModel;

/**
 * The models of this server by their id: each provider's adapter is given that provider's
 * credentials and no others. Thread-safe; clients live as long as the server.
 */
final class ModelAccess implements AgentRuntime.Models, AutoCloseable {
  /** The model that is no language model. */
  static final String EXTRACTIVE = "extractive";

  private final PlatformCredentials credentials;
  private final Settings settings;
  private final Catalogue catalogue = Catalogue.shipped();
  private final ModelClient extractive;
  private final Map<String, ModelClient> clients = new ConcurrentHashMap<>();

  ModelAccess(PlatformCredentials credentials, Settings settings, Embedder embedder) {
    this.credentials = credentials;
    this.settings = settings;
    this.extractive = new ExtractiveModel(embedder);
  }

  @Override
  public ModelClient open(String id) {
    if (id.equals(EXTRACTIVE)) {
      return extractive;
    }
    return clients.computeIfAbsent(
        id,
        i -> {
          ModelName name = Models.parse(i);
          return ProviderModel.open(name, settingsOf(name));
        });
  }

  private ModelSettings settingsOf(ModelName name) {
    return ModelSettings.of(name, credentials.of(name.provider().id()), catalogue);
  }

  /** What a provider charges for this use, by the model's id; empty if no price is known. */
  Optional<Money> cost(String id, ModelAnswer.Usage usage) {
    return id.equals(EXTRACTIVE)
        ? Optional.empty()
        : catalogue.price(Models.parse(id)).map(price -> price.cost(usage));
  }

  /**
   * Refuses to send private files to a service that nobody has agreed to.
   *
   * @param agreed whether the person has said yes to this destination just now
   * @throws ChoirException {@code consent_needed}, naming the destination
   */
  void requireConsent(String id, boolean agreed) {
    Optional<String> destination = destination(id);
    if (destination.isEmpty() || agreed) {
      return;
    }
    String provider = Models.parse(id).provider().id();
    if (!settings.consent().contains(provider)) {
      throw new ChoirException(
          new Failure(
              "consent_needed",
              "passages of your files would be sent to " + destination.get() + " (" + id + ")",
              "agree with --yes for this run, or for all with consent."
                  + provider
                  + ": true in choir.yaml",
              ExitStatus.USAGE,
              false));
    }
  }

  /** The host that a model's prompts go to; empty if they stay on this machine. */
  Optional<String> destination(String id) {
    if (id.equals(EXTRACTIVE)) {
      return Optional.empty();
    }
    ModelSettings target = settingsOf(Models.parse(id));
    return target.local() ? Optional.empty() : Optional.of(target.baseUrl().getHost());
  }

  @Override
  public void close() {
    clients.values().forEach(ModelClient::close);
    extractive.close();
  }
}
