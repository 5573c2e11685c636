package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.choir.core.ChoirException;
import org.choir.core.RunId;
import org.choir.core.TenantId;

/**
 * One request of a client.
 *
 * @param user for whom; the person's system user was checked by the socket
 */
public record Request(String command, TenantId user, ObjectNode arguments) {

  /** Answers a request: events while it is worked on, then the result it returns. */
  @FunctionalInterface
  public interface Handler {
    /**
     * Works until done. The thread is interrupted when the client has gone.
     *
     * @throws ChoirException to be told to the client
     */
    ObjectNode handle(Request request, Events events) throws InterruptedException;
  }

  /** Where a handler sends what happens on the way. */
  @FunctionalInterface
  public interface Events {
    /** Sends one event; blocks while the client is slow. */
    void send(ObjectNode event);
  }

  /**
   * A required text.
   *
   * @throws ChoirException {@code bad_request}
   */
  public String text(String name) {
    return optional(name)
        .orElseThrow(
            () ->
                ChoirException.usage(
                    "bad_request",
                    command + " needs '" + name + "'",
                    "see: choir help " + command));
  }

  /** A text, if there is one. */
  public Optional<String> optional(String name) {
    return Optional.ofNullable(arguments.get(name)).filter(n -> n.isTextual()).map(n -> n.asText());
  }

  /** Whether this is set to true. */
  public boolean flag(String name) {
    return arguments.path(name).asBoolean(false);
  }

  /** A whole number, if there is one. */
  public OptionalLong number(String name) {
    return arguments.path(name).canConvertToLong()
        ? OptionalLong.of(arguments.get(name).longValue())
        : OptionalLong.empty();
  }

  /** A list of texts, empty if there is none. */
  public List<String> texts(String name) {
    List<String> texts = new ArrayList<>();
    arguments.path(name).forEach(n -> texts.add(n.asText()));
    return texts;
  }

  /** The run named by {@code run}. */
  public RunId run() {
    return new RunId(text("run"));
  }
}
