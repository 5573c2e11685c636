package org.choir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir backup} and {@code choir restore}. */
final class BackupActions {
  private BackupActions() {}

  /** {@code choir backup}. */
  @Command(
      name = "backup",
      description = "Write the whole home, without caches, to one file.",
      footer = {
        "",
        "The server is stopped for it; runs that were going on are paused. The file holds the keys",
        "that your data is encrypted under: keep it where only you can read it.",
        "",
        "Example:",
        "  choir backup choir-backup.tar.gz"
      })
  static final class Backup extends Action {
    @Parameters(paramLabel = "FILE", description = "Where to; must not exist.")
    String file = "";

    Backup(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      Path target = context.absolute(file);
      org.choir.server.Backup backup = new org.choir.server.Backup(context.home());
      backup.check(target);
      ServerActions.Down.stop(this)
          .ifPresent(s -> s.path("paused").forEach(r -> say("paused run " + r.asText())));
      long bytes = backup.write(target);
      say("the file holds the keys of this home: keep it where only you can read it");
      ObjectNode document = Json.object().put("file", target.toString()).put("bytes", bytes);
      print(document, target + " (" + bytes + " bytes)");
      return 0;
    }
  }

  /** {@code choir restore}. */
  @Command(
      name = "restore",
      description = "Put a backup in the place of the home.",
      footer = {
        "",
        "A home that holds something is replaced only with --force, and kept aside.",
        "",
        "Example:",
        "  choir restore choir-backup.tar.gz --force"
      })
  static final class Restore extends Action {
    @Parameters(paramLabel = "FILE", description = "A file that choir backup wrote.")
    String file = "";

    @Option(names = "--force", description = "Replace the present home; it is kept aside.")
    boolean force;

    Restore(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      Path source = context.absolute(file);
      org.choir.server.Backup backup = new org.choir.server.Backup(context.home());
      backup.checkRestore(source, force);
      ServerActions.Down.stop(this);
      var aside = backup.restore(source);
      aside.ifPresent(a -> say("the former home is kept at " + a));
      ObjectNode document = Json.object().put("home", context.home().root().toString());
      aside.ifPresent(a -> document.put("former", a.toString()));
      print(document, "restored " + context.home().root());
      return 0;
    }
  }
}
