package org.choir.audit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A sentence with places for values. {@code {field}} shows a value; {@code {field?a:x|b:y|*:z}}
 * chooses by it; {@code {field#one|# many}} counts by it; {@code [...]} is left out if a value in
 * it is missing or empty. What stands in braces and brackets may hold the others.
 */
final class ProseTemplate {

  /**
   * A value.
   *
   * @param shown as the sentence shows it
   * @param raw what choices compare and counts count
   */
  record Value(String shown, String raw) {
    static Value of(String text) {
      return new Value(text, text);
    }
  }

  /** Where values come from. */
  @FunctionalInterface
  interface Values {
    /** The value, null if there is none. */
    @Nullable Value of(String field);
  }

  private sealed interface Part {}

  private record Literal(String text) implements Part {}

  private record Field(String name) implements Part {}

  private record Choice(String name, Map<String, ProseTemplate> cases) implements Part {}

  private record Count(String name, String one, String many) implements Part {}

  private record Option(ProseTemplate inner) implements Part {}

  private final List<Part> parts;

  private ProseTemplate(List<Part> parts) {
    this.parts = parts;
  }

  /**
   * Reads a template.
   *
   * @throws IllegalArgumentException if braces or brackets do not match
   */
  static ProseTemplate parse(String text) {
    List<Part> parts = new ArrayList<>();
    StringBuilder literal = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '{' && c != '[') {
        literal.append(c);
        continue;
      }
      int end = closing(text, i);
      String inside = text.substring(i + 1, end);
      parts.add(new Literal(literal.toString()));
      literal.setLength(0);
      parts.add(c == '[' ? new Option(parse(inside)) : place(inside));
      i = end;
    }
    parts.add(new Literal(literal.toString()));
    return new ProseTemplate(parts);
  }

  private static int closing(String text, int open) {
    int depth = 0;
    for (int i = open; i < text.length(); i++) {
      char c = text.charAt(i);
      depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
      if (depth == 0) {
        return i;
      }
    }
    throw new IllegalArgumentException("an open brace or bracket in: " + text);
  }

  private static Part place(String inside) {
    int choice = inside.indexOf('?');
    int count = inside.indexOf('#');
    if (choice >= 0 && (count < 0 || choice < count)) {
      Map<String, ProseTemplate> cases = new LinkedHashMap<>();
      for (String each : split(inside.substring(choice + 1))) {
        int colon = each.indexOf(':');
        cases.put(each.substring(0, colon), parse(each.substring(colon + 1)));
      }
      return new Choice(inside.substring(0, choice), cases);
    }
    if (count >= 0) {
      List<String> forms = split(inside.substring(count + 1));
      return new Count(inside.substring(0, count), forms.get(0), forms.get(1));
    }
    return new Field(inside);
  }

  private static List<String> split(String text) {
    List<String> out = new ArrayList<>();
    int depth = 0;
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
      if (c == '|' && depth == 0) {
        out.add(text.substring(start, i));
        start = i + 1;
      }
    }
    out.add(text.substring(start));
    return out;
  }

  /** The sentence; a missing value outside of brackets shows as {@code ?}. */
  String render(Values values) {
    StringBuilder out = new StringBuilder();
    for (Part part : parts) {
      switch (part) {
        case Literal literal -> out.append(literal.text());
        case Field field -> out.append(shown(values.of(field.name())));
        case Choice choice -> {
          Value value = values.of(choice.name());
          ProseTemplate chosen =
              choice.cases().getOrDefault(value == null ? "" : value.raw(), other(choice));
          out.append(chosen == null ? shown(value) : chosen.render(values));
        }
        case Count count -> {
          Value value = values.of(count.name());
          boolean one = value != null && value.raw().equals("1");
          out.append((one ? count.one() : count.many()).replace("#", shown(value)));
        }
        case Option option -> {
          if (option.inner().complete(values)) {
            out.append(option.inner().render(values));
          }
        }
      }
    }
    return out.toString();
  }

  private static @Nullable ProseTemplate other(Choice choice) {
    return choice.cases().get("*");
  }

  private static String shown(@Nullable Value value) {
    return value == null ? "?" : value.shown();
  }

  private boolean complete(Values values) {
    for (Part part : parts) {
      String name =
          switch (part) {
            case Field field -> field.name();
            case Choice choice -> choice.cases().containsKey("*") ? "" : choice.name();
            case Count count -> count.name();
            case Literal literal -> "";
            case Option option -> "";
          };
      if (!name.isEmpty()) {
        Value value = values.of(name);
        if (value == null || value.shown().isEmpty()) {
          return false;
        }
      }
    }
    return true;
  }

  /** The fields it names, for checks. */
  List<String> fields() {
    List<String> names = new ArrayList<>();
    for (Part part : parts) {
      switch (part) {
        case Literal literal -> {}
        case Field field -> names.add(field.name());
        case Choice choice -> {
          names.add(choice.name());
          choice.cases().values().forEach(t -> names.addAll(t.fields()));
        }
        case Count count -> names.add(count.name());
        case Option option -> names.addAll(option.inner().fields());
      }
    }
    return names;
  }
}
