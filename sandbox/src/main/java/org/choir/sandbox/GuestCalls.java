package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.choir.core.Text;

/**
 * What the programs in a VM may ask of the host: operations by name, each with its arguments'
 * types. An unknown operation, an unknown argument or one of another type is refused before any
 * handler sees it. Who asks is known from the channel: a handler is made for one VM, and nothing a
 * guest says changes for whom it acts.
 *
 * @param operations by name
 */
public record GuestCalls(Map<String, Operation> operations) {
  private static final int SHOWN_MAX = 60;

  /** A VM whose programs may ask nothing. */
  public static final GuestCalls NONE = new GuestCalls(Map.of());

  public GuestCalls {
    operations = Map.copyOf(operations);
  }

  /** The operations of a list. */
  public static GuestCalls of(List<Operation> operations) {
    Map<String, Operation> all = new TreeMap<>();
    for (Operation operation : operations) {
      if (all.put(operation.name(), operation) != null) {
        throw new IllegalArgumentException("two operations are named " + operation.name());
      }
    }
    return new GuestCalls(all);
  }

  /**
   * One operation.
   *
   * @param name for example {@code kb.search}
   * @param deadline until its answer; the handler's thread is interrupted then
   */
  public record Operation(
      String name, Map<String, Field> fields, Duration deadline, Handler handler) {
    public Operation {
      fields = Map.copyOf(fields);
      if (!name.matches("[a-z][a-z0-9_.]{0,39}")) {
        throw new IllegalArgumentException("not an operation's name: " + name);
      }
    }
  }

  /** Who asks, and what may be done in the name of its VM. */
  public interface Caller {
    /** The user in the guest, by the guest's own word; -1 if it did not say. */
    int uid();

    /**
     * Fetches a page under the VM's egress policy, following redirects that it allows too.
     *
     * @throws EgressException why not
     */
    Page fetch(String url);
  }

  /**
   * A fetched page, at most 10 MiB.
   *
   * @param url the last of its redirects
   * @param type the media type the server gave, or empty
   */
  public record Page(String url, String type, byte[] body) {}

  /** Answers an operation; thread-safe. */
  @FunctionalInterface
  public interface Handler {
    /**
     * Does it.
     *
     * @param arguments checked against the fields
     * @return a JSON object of at most a mebibyte
     * @throws org.choir.core.ChoirException to be told to the guest
     */
    ObjectNode answer(Caller caller, ObjectNode arguments);
  }

  /** The type of an argument. */
  public sealed interface Field {
    boolean required();

    /** A text of at most so many characters. */
    record OfText(boolean required, int charactersMax) implements Field {}

    /** A whole number between two bounds, both included. */
    record OfNumber(boolean required, long least, long most) implements Field {}

    /** True or false. */
    record OfFlag(boolean required) implements Field {}
  }

  /**
   * Checks a request.
   *
   * @throws SandboxException {@code unknown_operation}, {@code bad_request}
   */
  Operation check(String name, JsonNode arguments) {
    Operation operation = operations.get(name);
    if (operation == null) {
      throw SandboxException.lasting(
          "unknown_operation",
          "'%s' is not an operation of this machine's host; it has: %s"
              .formatted(
                  Text.visible(name, SHOWN_MAX),
                  operations.isEmpty()
                      ? "none"
                      : String.join(", ", new TreeMap<>(operations).keySet())),
          "choir help");
    }
    if (!arguments.isObject()) {
      throw bad(name, "its arguments are no object");
    }
    for (Map.Entry<String, JsonNode> given : arguments.properties()) {
      Field field = operation.fields().get(given.getKey());
      if (field == null) {
        throw bad(name, "it has no argument '" + Text.visible(given.getKey(), SHOWN_MAX) + "'");
      }
      if (!fits(field, given.getValue())) {
        throw bad(name, "'" + given.getKey() + "' must be " + described(field));
      }
    }
    operation
        .fields()
        .forEach(
            (field, type) -> {
              if (type.required() && !arguments.has(field)) {
                throw bad(name, "it needs '" + field + "'");
              }
            });
    return operation;
  }

  private static boolean fits(Field field, JsonNode value) {
    return switch (field) {
      case Field.OfText text ->
          value.isTextual() && value.textValue().length() <= text.charactersMax();
      case Field.OfNumber number ->
          value.canConvertToLong()
              && value.isIntegralNumber()
              && value.longValue() >= number.least()
              && value.longValue() <= number.most();
      case Field.OfFlag flag -> value.isBoolean();
    };
  }

  private static String described(Field field) {
    return switch (field) {
      case Field.OfText text -> "a text of at most " + text.charactersMax() + " characters";
      case Field.OfNumber number ->
          "a whole number from " + number.least() + " to " + number.most();
      case Field.OfFlag flag -> "true or false";
    };
  }

  private static SandboxException bad(String name, String what) {
    return SandboxException.lasting("bad_request", name + ": " + what, "choir help");
  }
}
