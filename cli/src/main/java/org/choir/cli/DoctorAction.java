package org.choir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.choir.core.ExitStatus;
import org.choir.core.Json;
import org.choir.server.Doctor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code choir doctor}. */
@Command(
    name = "doctor",
    description = "Check everything a start needs, and say how to mend it.",
    footer = {"", "Examples:", "  choir doctor", "  choir doctor --fix"})
final class DoctorAction extends Action {
  @Option(
      names = "--fix",
      description = "Mend what can be mended: packages, image, permissions, stale files.")
  boolean fix;

  DoctorAction(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    Doctor doctor = new Doctor(context.home(), context.environment());
    if (fix) {
      doctor.fix().forEach(this::say);
    }
    List<Doctor.Finding> findings = doctor.examine();
    ArrayNode list = Json.array();
    Style style = context.terminal().style();
    for (Doctor.Finding finding : findings) {
      ObjectNode item =
          list.addObject()
              .put("check", finding.check())
              .put("result", finding.result().word())
              .put("message", finding.message())
              .put("remedy", finding.remedy());
      if (!json) {
        print(line(finding, style));
      }
      if (!json && !item.path("remedy").asText().isEmpty()) {
        print("             " + finding.remedy());
      }
    }
    boolean failed = findings.stream().anyMatch(f -> f.result() == Doctor.Result.FAILED);
    if (json) {
      ObjectNode document = Json.object().put("ok", !failed);
      document.set("checks", list);
      print(Json.write(document));
    }
    return failed ? ExitStatus.FAILED.code() : 0;
  }

  private static String line(Doctor.Finding finding, Style style) {
    String mark =
        switch (finding.result()) {
          case OK -> style.green("ok  ");
          case WARNING -> style.bold("warn");
          case FAILED -> style.red("FAIL");
        };
    return String.format("%s %-12s %s", mark, finding.check(), finding.message());
  }
}
