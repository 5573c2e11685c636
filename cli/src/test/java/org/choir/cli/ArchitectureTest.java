package org.choir.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The invariants that ARCHITECTURE.md states, each held here. */
class ArchitectureTest {
  /** What each room may use directly; what those may use follows. */
  private static final Map<String, Set<String>> MAY_USE = new LinkedHashMap<>();

  static {
    MAY_USE.put("core", Set.of());
    MAY_USE.put("keys", Set.of("core"));
    MAY_USE.put("database", Set.of("core", "keys"));
    MAY_USE.put("audit", Set.of("core", "keys", "database"));
    MAY_USE.put("backbone", Set.of("core", "keys"));
    MAY_USE.put("model", Set.of("core"));
    MAY_USE.put("sandbox", Set.of("core", "keys"));
    MAY_USE.put("knowledge", Set.of("backbone", "database", "model"));
    MAY_USE.put("agent", Set.of("backbone", "model", "sandbox"));
    MAY_USE.put("vibewriter", Set.of("agent", "knowledge"));
    MAY_USE.put("server", Set.of("vibewriter", "economy", "audit", "database"));
    MAY_USE.put("economy", Set.of("knowledge"));
    MAY_USE.put("bench", Set.of("server", "economy", "audit"));
    MAY_USE.put("cli", Set.of("server", "bench"));
  }

  private static JavaClasses classes;

  @BeforeAll
  static void readTheHouse() {
    classes =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("org.choir");
    assertThat(classes).as("classes of the house").hasSizeGreaterThan(100);
  }

  @Test
  void everyRoomUsesOnlyTheRoomsItMay() {
    for (String room : MAY_USE.keySet()) {
      Set<String> allowed = reachable(room);
      String[] forbidden =
          MAY_USE.keySet().stream()
              .filter(other -> !other.equals(room) && !allowed.contains(other))
              .map(other -> "org.choir." + other + "..")
              .toArray(String[]::new);
      if (forbidden.length > 0) {
        noClasses()
            .that()
            .resideInAPackage("org.choir." + room + "..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(forbidden)
            .check(classes);
      }
    }
    Set<String> rooms = new LinkedHashSet<>();
    classes.forEach(c -> rooms.add(room(c)));
    assertThat(MAY_USE.keySet()).as("every room has a row in this table").containsAll(rooms);
  }

  @Test
  void roomsFormNoCycle() {
    slices().matching("org.choir.(*)..").should().beFreeOfCycles().check(classes);
  }

  @Test
  void theVocabularyTouchesNothing() {
    noClasses()
        .that()
        .resideInAPackage("org.choir.core..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "java.io..",
            "java.nio.file..",
            "java.nio.channels..",
            "java.net..",
            "java.util.concurrent..",
            "java.security.SecureRandom")
        .orShould()
        .callMethod(java.time.Instant.class, "now")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .callMethod(System.class, "nanoTime")
        .check(classes);
  }

  @Test
  void noSpringAnywhere() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.springframework..")
        .check(classes);
  }

  @Test
  void vendorLibrariesStayInTheirRoom() {
    noClasses()
        .that()
        .resideOutsideOfPackage("org.choir.model..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.langchain4j..")
        .check(classes);
    noClasses()
        .that()
        .resideOutsideOfPackage("org.choir.backbone..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.nats..")
        .check(classes);
    noClasses()
        .that()
        .resideOutsideOfPackage("org.choir.knowledge..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "org.apache.lucene..", "org.apache.pdfbox..", "io.qdrant..", "io.grpc..")
        .check(classes);
    noClasses()
        .that()
        .resideOutsideOfPackage("org.choir.cli..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("picocli..")
        .check(classes);
  }

  @Test
  void rulesDoNotKnowTheirAdapters() {
    noClasses()
        .that()
        .resideInAnyPackage("org.choir.vibewriter..", "org.choir.knowledge")
        .should()
        .dependOnClassesThat()
        .haveNameMatching("java\\.lang\\.Process(Builder)?")
        .check(classes);
  }

  @Test
  void theAgentReachesAVmOnlyThroughItsWorkspace() {
    noClasses()
        .that()
        .resideInAPackage("org.choir.vibewriter..")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("org.choir.sandbox.Vm")
        .check(classes);
  }

  @Test
  void publicTypesAreDataOrFinalOrPorts() {
    ArchRuleDefinition.classes()
        .that()
        .arePublic()
        .and()
        .areNotInterfaces()
        .and()
        .areNotEnums()
        .and()
        .areNotRecords()
        .and()
        .areNotAssignableTo(Throwable.class)
        .should(beClosed())
        .check(classes);
  }

  private static ArchCondition<JavaClass> beClosed() {
    return new ArchCondition<>("be final, abstract or sealed") {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        boolean closed =
            type.getModifiers().contains(JavaModifier.FINAL)
                || type.getModifiers().contains(JavaModifier.ABSTRACT);
        events.add(
            new SimpleConditionEvent(type, closed, type.getName() + " is open to inheritance"));
      }
    };
  }

  private static String room(JavaClass type) {
    String below = type.getPackageName().substring("org.choir.".length());
    int dot = below.indexOf('.');
    return dot < 0 ? below : below.substring(0, dot);
  }

  private static Set<String> reachable(String room) {
    Set<String> all = new LinkedHashSet<>();
    for (String next : MAY_USE.getOrDefault(room, Set.of())) {
      all.add(next);
      all.addAll(reachable(next));
    }
    return all;
  }
}
