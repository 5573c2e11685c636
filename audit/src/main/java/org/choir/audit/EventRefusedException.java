package org.choir.audit;

import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;

/** An event that the registry does not allow: the action it belongs to does not happen. */
public final class EventRefusedException extends ChoirException {
  EventRefusedException(String kind, String why) {
    super(
        new Failure(
            "audit_event_refused",
            "an event of the kind '" + kind + "' cannot be recorded: " + why,
            "this is a fault of the program; the kinds are in kinds.json of the audit room",
            ExitStatus.FAILED,
            false));
  }
}
