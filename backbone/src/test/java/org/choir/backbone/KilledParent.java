package org.choir.backbone;

import static org.choir.backbone.Fixture.AGENT;
import static org.choir.backbone.Fixture.ALICE;
import static org.choir.backbone.Fixture.events;

import java.nio.file.Path;

/** A process of its own that starts a backbone, appends, says so, and waits to be killed. */
final class KilledParent {
  private KilledParent() {}

  public static void main(String[] arguments) throws Exception {
    Backbone backbone = new Fixture(Path.of(arguments[0])).start();
    StateEntry entry = backbone.state().append(ALICE, AGENT, 1, null, events("before the kill"));
    System.out.println(backbone.pid() + " " + entry.hash());
    // until it is killed, or its parent has gone
    while (System.in.read() >= 0) {
      System.out.flush();
    }
    backbone.close();
  }
}
