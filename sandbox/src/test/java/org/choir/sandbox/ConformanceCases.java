package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** The table of cases that every place for VMs is held to, in the order in which they run. */
final class ConformanceCases {
  private ConformanceCases() {}

  /** One row: what must hold, and what a place has to promise for it. */
  record Case(String name, Set<Capability> needs, Body body) {}

  /** What a case does. */
  interface Body {
    void on(ConformanceTest place) throws Exception;
  }

  private static Case of(String name, Body body) {
    return new Case(name, Set.of(), body);
  }

  private static Case of(Capability needed, String name, Body body) {
    return new Case(name, Set.of(needed), body);
  }

  static List<Case> all() {
    return List.of(
        of("creates a VM that answers", ConformanceCommands::creates),
        of("refuses a second VM of one id", ConformanceCommands::refusesASecond),
        of("tells exit code, stdout and stderr apart", ConformanceCommands::tellsApart),
        of("passes environment and folder", ConformanceCommands::passesEnvironment),
        of("gives an empty input", ConformanceCommands::emptyInput),
        of("tells the signal that ended a command", ConformanceCommands::tellsSignals),
        of("ends a command at its timeout with all it started", ConformanceCommands::endsAtTimeout),
        of("ends what a command left running", ConformanceCommands::endsLeftovers),
        of("delivers binary output exactly", ConformanceCommands::binaryOutput),
        of("delivers output up to the cap and counts the rest", ConformanceCommands::capsOutput),
        of("refuses programs that are not there, and root", ConformanceCommands::refusesPrograms),
        of("runs commands as the user asked for", ConformanceCommands::runsAsUser),
        of("keeps outputs of commands side by side apart", ConformanceCommands::keepsApart),
        of("copies binary files both ways", ConformanceFiles::copiesFiles),
        of("reads parts of files", ConformanceFiles::readsParts),
        of("takes any file name", ConformanceFiles::takesAnyName),
        of("makes parents, sets owner and mode", ConformanceFiles::makesParents),
        of("replaces a file only whole", ConformanceFiles::replacesWhole),
        of("lists sorted, links not followed", ConformanceFiles::lists),
        of("deletes files and folders, not what links point to", ConformanceFiles::deletes),
        of("tells failures by their codes", ConformanceFiles::tellsFailures),
        of("writes only where tools may", ConformanceFiles::guardsPaths),
        of(Capability.NO_NETWORK_CARD, "has no network card", ConformanceCommands::noCard),
        of(Capability.VOLUMES, "attaches disks of the caller's", ConformanceStates::attaches),
        of("suspends and resumes, files kept", ConformanceStates::suspends),
        of(
            Capability.MEMORY_SNAPSHOT,
            "keeps memory and processes",
            ConformanceStates::keepsMemory),
        of(Capability.EXACT_CLOCK, "has the right time after a resume", ConformanceStates::clock),
        of(
            Capability.EXACT_CLOCK,
            "draws new random numbers after a resume",
            ConformanceStates::random),
        of("refuses transitions from states that passed", ConformanceStates::refusesTransitions),
        of("is found again by another process", ConformanceStates::foundAgain),
        of("is found again while suspended", ConformanceStates::foundSuspended),
        of("destroys a VM in any state, and nothing is left", ConformanceStates::destroys));
  }

  /** Fails unless the call fails with this code. */
  static void assertCode(String code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code));
  }
}
