package org.choir.backbone;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nats.client.PublishOptions;
import io.nats.client.api.MessageInfo;
import io.nats.service.Service;
import io.nats.service.ServiceBuilder;
import io.nats.service.ServiceEndpoint;
import io.nats.service.ServiceMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * News that anybody may read, {@code kb.*} and {@code citation.*}, in the stream {@code
 * CHOIR_EVENTS}: the house's envelope with plain data. An event with a known id is not added again
 * within the stream's duplicate window. Also answers questions as a NATS service. Thread-safe.
 */
public final class PublicEvents {
  private static final Logger LOG = LoggerFactory.getLogger(PublicEvents.class);
  private static final Duration ASK_MAX = Duration.ofSeconds(20);
  private static final int ANSWERS_AT_ONCE = 16;
  private static final int ERROR_BUSY = 503;
  private static final int ERROR_FAILED = 500;

  private final Link link;

  PublicEvents(Link link) {
    this.link = link;
  }

  /**
   * One event.
   *
   * @param sequence in the stream, 0 before it was added
   * @param tenant whose act it tells of
   * @param data plain JSON
   */
  public record Event(
      long sequence,
      String subject,
      String id,
      TenantId tenant,
      Instant at,
      String type,
      ObjectNode data) {}

  /**
   * Adds an event; returns when the stream has it.
   *
   * @throws ChoirException {@code backbone_unavailable}, {@code disk_full}
   */
  public void publish(Event event) {
    ObjectNode json =
        Json.object()
            .put("schema", Envelope.SCHEMA)
            .put("id", event.id())
            .put("tenant", event.tenant().value())
            .put("at", event.at().toString())
            .put("type", event.type());
    json.set("data", event.data());
    json.put("trace", "");
    byte[] body = Json.write(json).getBytes(StandardCharsets.UTF_8);
    PublishOptions options = PublishOptions.builder().messageId(event.id()).build();
    link.call(
        "publish " + event.subject(), () -> link.stream().publish(event.subject(), body, options));
  }

  /** The events after a sequence, in order, at most so many. */
  public List<Event> after(long sequence, int limit) {
    long last =
        link.call(
            "look at the events",
            () ->
                link.management()
                    .getStreamInfo(NatsConfiguration.EVENTS)
                    .getStreamState()
                    .getLastSequence());
    List<Event> events = new ArrayList<>();
    for (long s = sequence + 1; s <= last && events.size() < limit; s++) {
      long at = s;
      MessageInfo message =
          link.call(
              "read an event", () -> link.management().getMessage(NatsConfiguration.EVENTS, at));
      ObjectNode json = Json.parseObject(new String(message.getData(), StandardCharsets.UTF_8));
      Envelope.requireKnown(json.path("schema").asInt());
      events.add(
          new Event(
              at,
              message.getSubject(),
              json.path("id").asText(),
              new TenantId(json.path("tenant").asText()),
              Instant.parse(json.path("at").asText()),
              json.path("type").asText(),
              json.withObject("/data")));
    }
    return events;
  }

  /**
   * Answers {@code <prefix>.*} until closed, on virtual threads, 16 questions at once; more are
   * told to come again. A failure is answered with its code.
   *
   * @param answer from the subject's last token and the question
   */
  public AutoCloseable serve(
      String name, String prefix, BiFunction<String, ObjectNode, ObjectNode> answer) {
    Semaphore room = new Semaphore(ANSWERS_AT_ONCE);
    ServiceEndpoint endpoint =
        ServiceEndpoint.builder()
            .endpointName(name)
            .endpointSubject(prefix + ".*")
            .endpointQueueGroup(name)
            .handler(
                message -> {
                  if (!room.tryAcquire()) {
                    message.respondStandardError(link.connection(), "busy", ERROR_BUSY);
                    return;
                  }
                  Thread.ofVirtual()
                      .name("answer " + name)
                      .start(
                          () -> {
                            try {
                              respond(message, prefix, answer);
                            } finally {
                              room.release();
                            }
                          });
                })
            .build();
    Service service =
        new ServiceBuilder()
            .connection(link.connection())
            .name(name)
            .version("1.0.0")
            .addServiceEndpoint(endpoint)
            .build();
    var stopped = service.startService();
    return () -> {
      service.stop();
      stopped.get(ASK_MAX.toSeconds(), TimeUnit.SECONDS);
    };
  }

  private void respond(
      ServiceMessage message, String prefix, BiFunction<String, ObjectNode, ObjectNode> answer) {
    try {
      ObjectNode question = Json.parseObject(new String(message.getData(), StandardCharsets.UTF_8));
      String token = message.getSubject().substring(prefix.length() + 1);
      message.respond(
          link.connection(),
          Json.write(answer.apply(token, question)).getBytes(StandardCharsets.UTF_8));
    } catch (ChoirException e) {
      message.respondStandardError(link.connection(), e.code(), ERROR_FAILED);
    } catch (RuntimeException e) {
      LOG.warn("a question on {} was not answered", message.getSubject(), e);
      message.respondStandardError(link.connection(), "failed", ERROR_FAILED);
    }
  }

  /**
   * Asks a service.
   *
   * @throws ChoirException {@code no_answer}, or {@code service_failed} with the service's code
   */
  public ObjectNode ask(String subject, ObjectNode question) {
    try {
      var reply =
          link.connection()
              .request(subject, Json.write(question).getBytes(StandardCharsets.UTF_8))
              .get(ASK_MAX.toSeconds(), TimeUnit.SECONDS);
      if (reply.hasHeaders() && reply.getHeaders().getFirst("Nats-Service-Error") != null) {
        throw ChoirException.fatal(
            "service_failed",
            subject + " answered: " + reply.getHeaders().getFirst("Nats-Service-Error"),
            "look at the server's log");
      }
      return Json.parseObject(
          new String(Objects.requireNonNull(reply.getData()), StandardCharsets.UTF_8));
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    } catch (ExecutionException | TimeoutException | CancellationException e) {
      // Where nobody listens, the client cancels at once.
      throw ChoirException.retryable("no_answer", "nobody answers on " + subject, "try again", e);
    }
  }
}
