package org.choir.database;

import java.nio.file.Path;

/** A process with a database that its test kills. */
final class KilledServer {
  private KilledServer() {}

  public static void main(String[] arguments) throws InterruptedException {
    Database database = Database.open(new Database.Embedded(Path.of(arguments[0])));
    database.migrate("room");
    database.transaction(
        c -> {
          try (var statement = c.createStatement()) {
            return statement.executeUpdate("insert into room.thing values (1, 'kept')");
          }
        });
    System.out.println("ready");
    Thread.sleep(600_000);
  }
}
