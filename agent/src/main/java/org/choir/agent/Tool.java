package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.core.ReplayClass;
import org.choir.model.ToolSpec;

/**
 * Something an agent can do. Stateless and thread-safe: what it must remember it returns as events.
 */
public interface Tool {

  /** What the model sees. */
  ToolSpec spec();

  /** What a resume may do with a call whose result was not recorded. */
  ReplayClass replay();

  /**
   * Does it. A {@link org.choir.core.ChoirException} becomes an observation for the model, never
   * the end of the run (except where the run itself cannot go on: a lost VM, a fenced writer, an
   * interrupt).
   *
   * @param arguments already parsed and checked against the schema
   */
  ToolOutput call(ToolContext context, ObjectNode arguments);
}
