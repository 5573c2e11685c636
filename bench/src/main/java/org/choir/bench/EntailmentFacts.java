package org.choir.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.knowledge.ClaimVerdict;
import org.jspecify.annotations.Nullable;

/**
 * Makes claims and evidence from invented facts, each of which can be said in several ways, denied,
 * and confused with what does not follow from it. The facts stand in {@code facts.txt}.
 */
final class EntailmentFacts {
  private static final Pattern SLOT = Pattern.compile("\\{(\\w):(\\w+)}");
  private static final Pattern NUMBER = Pattern.compile("\\d[\\d,]*(?:\\.\\d+)?");

  private static final List<ClaimVerdict> LABELS =
      List.of(ClaimVerdict.SUPPORTED, ClaimVerdict.CONTRADICTED, ClaimVerdict.UNSUPPORTED);

  private final Map<String, List<String>> types = new HashMap<>();
  private final Map<String, Subject> subjects = new LinkedHashMap<>();
  private final Random random;

  private record Subject(
      String name, String pronoun, String noun, List<String> entities, List<Fact> facts) {}

  private record Fact(boolean many, List<String> says, List<String> denies, List<String> beside) {}

  /** A fact about one subject with its values chosen. */
  private record Chosen(Fact fact, String subject, Map<String, String> values) {}

  EntailmentFacts(Random random) {
    this.random = random;
    Subject subject = null;
    Fact fact = null;
    for (String line : lines("facts.txt")) {
      String rest = line.length() > 2 ? line.substring(2) : "";
      if (line.startsWith("type ")) {
        types.put(line.substring(5, line.indexOf(':')), values(line));
      } else if (line.startsWith("subject ")) {
        String[] head = line.substring(8, line.indexOf(':')).split(" ", -1);
        subject = new Subject(head[0], head[1], head[2], values(line), new ArrayList<>());
        subjects.merge(head[0], subject, (one, other) -> other);
      } else if (line.startsWith("fact") && subject != null) {
        fact = new Fact(line.endsWith("many"), list(), list(), list());
        subject.facts.add(fact);
      } else if (fact != null) {
        (line.charAt(0) == '=' ? fact.says : line.charAt(0) == '!' ? fact.denies : fact.beside)
            .add(rest);
      }
    }
  }

  private static List<String> list() {
    return new ArrayList<>();
  }

  private static List<String> values(String line) {
    return List.of(line.substring(line.indexOf(':') + 1).strip().split("\\|", -1));
  }

  static List<String> lines(String name) {
    try (InputStream in = EntailmentFacts.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is not beside the class");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<String> type(String name) {
    return types.getOrDefault(name, List.of());
  }

  /** So many examples about each kind of subject. */
  List<EntailmentExample> examples(int each) {
    List<EntailmentExample> examples = new ArrayList<>();
    for (Subject subject : subjects.values()) {
      for (int i = 0; i < each; i++) {
        examples.add(example(subject, LABELS.get(i % LABELS.size())));
      }
    }
    return examples;
  }

  private EntailmentExample example(Subject subject, ClaimVerdict label) {
    String entity = pick(subject.entities);
    List<Fact> facts = new ArrayList<>(subject.facts);
    Collections.shuffle(facts, random);
    boolean page = random.nextInt(5) == 0;
    int told = page ? facts.size() - 2 : 1 + random.nextInt(3);
    List<Chosen> chosen = new ArrayList<>();
    for (Fact fact : facts.subList(0, told)) {
      chosen.add(choose(random.nextInt(4) == 0 ? turned(fact) : fact, entity));
    }
    int asked = random.nextInt(chosen.size());
    Chosen about = chosen.get(asked);
    int wording = random.nextInt(about.fact.says.size());
    List<String> evidence = new ArrayList<>();
    for (int i = 0; i < chosen.size(); i++) {
      Chosen one = chosen.get(i);
      String says = i == asked ? about.fact.says.get(wording) : pick(one.fact.says);
      boolean pronoun = !evidence.isEmpty() && random.nextBoolean();
      evidence.add(sentence(fill(says, one, pronoun ? subject : null)));
    }
    if (page || random.nextInt(4) == 0) {
      int others = page ? 6 + random.nextInt(40) : 1 + random.nextInt(2);
      for (int i = 0; i < others; i++) {
        Subject other = random.nextBoolean() ? subject : pick(List.copyOf(subjects.values()));
        List<String> rest = other.entities.stream().filter(e -> !e.equals(entity)).toList();
        Chosen beside = choose(pick(other.facts), pick(rest));
        evidence.add(
            random.nextInt(evidence.size() + 1),
            sentence(fill(pick(beside.fact.says), beside, null)));
      }
    }
    if (!page && evidence.size() > 1 && random.nextInt(3) == 0) {
      joinTwo(evidence);
    }
    String claim =
        switch (label) {
          case SUPPORTED -> supported(about, wording);
          case CONTRADICTED -> contradicted(about, wording);
          default ->
              unsupported(subject, about, wording, facts.subList(told, facts.size()), entity);
        };
    return new EntailmentExample(sentence(claim), evidence, label, "facts:" + subject.name);
  }

  /** The denial as what is true: then the claim that was true is contradicted. */
  private static Fact turned(Fact fact) {
    return fact.denies.size() < 2 || fact.many
        ? fact
        : new Fact(false, /* says= */ fact.denies, /* denies= */ fact.says, fact.beside);
  }

  private void joinTwo(List<String> evidence) {
    int at = random.nextInt(evidence.size() - 1);
    String first = evidence.get(at);
    String second = evidence.remove(at + 1);
    String joint = pick(List.of(", and ", "; ", ", while "));
    boolean name = Character.isUpperCase(second.charAt(0)) && !second.matches("(It|She|The) .*");
    String rest = name ? second : Character.toLowerCase(second.charAt(0)) + second.substring(1);
    evidence.set(at, first.substring(0, first.length() - 1) + joint + rest);
  }

  private Chosen choose(Fact fact, String subject) {
    Map<String, String> values = new HashMap<>();
    for (String form : fact.says) {
      slots(form, subject, values);
    }
    for (String form : fact.denies) {
      slots(form, subject, values);
    }
    return new Chosen(fact, subject, values);
  }

  private void slots(String form, String subject, Map<String, String> values) {
    Matcher slot = SLOT.matcher(form);
    while (slot.find()) {
      String type = slot.group(2);
      values.computeIfAbsent(
          slot.group(), k -> pick(type(type).stream().filter(v -> !v.equals(subject)).toList()));
    }
  }

  private String supported(Chosen about, int wording) {
    if (!about.fact.denies.isEmpty() && random.nextInt(6) == 0) {
      String denied = negated(fill(pick(about.fact.denies), about, null));
      if (!denied.contains(" not not ")) {
        return denied;
      }
    }
    boolean same = random.nextInt(6) == 0;
    String form = same ? about.fact.says.get(wording) : other(about.fact.says, wording);
    String claim = fill(form, about, null);
    return random.nextInt(5) < 2 ? loosened(form, about) : claim;
  }

  /** With a number said less exactly: what is 72 is also more than 50. */
  private String loosened(String form, Chosen about) {
    Map<String, String> values = new HashMap<>(about.values);
    for (Map.Entry<String, String> value : about.values.entrySet()) {
      if (form.contains(value.getKey())) {
        values.put(value.getKey(), limited(value.getKey(), value.getValue(), true));
        break;
      }
    }
    return fill(form, new Chosen(about.fact, about.subject, values), null);
  }

  /** A number as a limit that it keeps, or breaks. */
  private String limited(String slot, String value, boolean kept) {
    boolean year = slot.endsWith(":year}");
    boolean number =
        slot.matches("\\{\\w:(?:money|percent|count|metres|km|minutes)}") || (year && kept);
    Matcher digits = NUMBER.matcher(value);
    if (!number || !digits.find()) {
      if (slot.endsWith(":date}") && kept) {
        return "in " + value.replaceAll("^\\d+ ", "");
      }
      return kept ? value : pick(others(slot, value));
    }
    if (year) {
      return value;
    }
    double exact = Double.parseDouble(digits.group().replace(",", ""));
    boolean above = random.nextBoolean();
    double factor = 0.3 + 0.65 * random.nextDouble();
    double limit = above == kept ? exact * factor : exact / factor;
    String words =
        above
            ? pick(List.of("more than", "over", "at least"))
            : pick(List.of("less than", "fewer than", "under", "at most"));
    if (kept && random.nextInt(4) == 0) {
      limit = exact * (0.95 + 0.1 * random.nextDouble());
      words = pick(List.of("about", "around", "nearly", "approximately"));
    }
    return words + " " + value.replace(digits.group(), written(limit, digits.group()));
  }

  private static String written(double value, String like) {
    if (like.contains(".")) {
      return String.format(Locale.ROOT, "%.1f", value);
    }
    long round = Math.max(1, Math.round(value));
    long unit = round >= 10_000 ? 1_000 : round >= 1_000 ? 100 : round >= 100 ? 10 : 1;
    long rounded = Math.max(1, round / unit * unit);
    return like.length() > 3 ? String.format(Locale.ROOT, "%,d", rounded) : Long.toString(rounded);
  }

  private String contradicted(Chosen about, int wording) {
    String form = random.nextInt(3) == 0 ? about.fact.says.get(wording) : pick(about.fact.says);
    boolean denial = !about.fact.denies.isEmpty() && random.nextInt(5) < 2;
    if (denial) {
      return fill(pick(about.fact.denies), about, null);
    }
    List<String> used = about.values.keySet().stream().filter(form::contains).sorted().toList();
    if (used.isEmpty() || about.fact.many || random.nextInt(8) == 0) {
      String plain = fill(form, about, null);
      return negated(plain);
    }
    Map<String, String> values = new HashMap<>(about.values);
    String slot = pick(used);
    String value = about.values.getOrDefault(slot, "");
    values.put(
        slot, random.nextInt(5) < 2 ? limited(slot, value, false) : pick(others(slot, value)));
    return fill(form, new Chosen(about.fact, about.subject, values), null);
  }

  private static final Pattern AUXILIARY = Pattern.compile(" (is|was|were|has|have|are|can) ");

  private String negated(String claim) {
    Matcher verb = AUXILIARY.matcher(claim);
    return verb.find()
        ? claim.substring(0, verb.end()) + "not " + claim.substring(verb.end())
        : pick(List.of("It is not true that ", "It is false that ")) + claim;
  }

  private List<String> others(String slot, String value) {
    Matcher m = SLOT.matcher(slot);
    return m.matches()
        ? type(m.group(2)).stream().filter(v -> !v.equals(value)).toList()
        : List.of(value);
  }

  private String unsupported(
      Subject subject, Chosen about, int wording, List<Fact> untold, String entity) {
    int way = random.nextInt(5);
    if (way == 0 && !about.fact.beside.isEmpty()) {
      Chosen wider = new Chosen(about.fact, about.subject, new HashMap<>(about.values));
      return fill(pick(about.fact.beside), wider, null);
    }
    if (way == 1) {
      List<String> rest = subject.entities.stream().filter(e -> !e.equals(entity)).toList();
      return fill(pick(about.fact.says), new Chosen(about.fact, pick(rest), about.values), null);
    }
    Fact lacking = untold.isEmpty() ? pick(subject.facts) : pick(untold);
    Chosen other = choose(lacking, entity);
    // A value of the told fact makes the untold one look told.
    for (String slot : List.copyOf(other.values.keySet())) {
      if (about.values.containsKey(slot) && random.nextBoolean()) {
        other.values.put(slot, about.values.get(slot));
      }
    }
    boolean denies = !lacking.denies.isEmpty() && random.nextInt(4) == 0;
    String claim = fill(pick(denies ? lacking.denies : lacking.says), other, null);
    return way == 2
        ? fill(about.fact.says.get(wording), about, null) + ", and " + lowered(claim, entity)
        : claim;
  }

  private static String lowered(String claim, String entity) {
    return claim.startsWith(entity) ? "it" + claim.substring(entity.length()) : claim;
  }

  private String fill(String form, Chosen chosen, @Nullable Subject pronoun) {
    String said = form;
    for (Map.Entry<String, String> value : chosen.values.entrySet()) {
      said = said.replace(value.getKey(), value.getValue());
    }
    // A slot that only this wording has.
    Map<String, String> rest = new HashMap<>();
    slots(said, chosen.subject, rest);
    for (Map.Entry<String, String> value : rest.entrySet()) {
      said = said.replace(value.getKey(), value.getValue());
    }
    if (pronoun != null && said.startsWith("{S} ")) {
      String name = random.nextBoolean() ? pronoun.pronoun : "The " + pronoun.noun;
      said = (pronoun.pronoun.equals("The") ? "The study" : name) + said.substring(3);
    }
    return said.replace("{S}", chosen.subject);
  }

  private static String sentence(String said) {
    return Character.toUpperCase(said.charAt(0)) + said.substring(1) + ".";
  }

  private String other(List<String> forms, int than) {
    int at = random.nextInt(forms.size() - 1);
    return forms.get(at >= than ? at + 1 : at);
  }

  private <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }
}
