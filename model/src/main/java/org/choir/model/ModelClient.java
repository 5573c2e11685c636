package org.choir.model;

import java.util.function.Consumer;

/** The port to a model: one request in, a stream of events out. Implementations are thread-safe. */
public interface ModelClient extends AutoCloseable {

  /** {@code PROVIDER:NAME}, or {@code extractive}. */
  String id();

  /** Whether a language model answers, or a deterministic program. */
  boolean isLanguageModel();

  /** The tokens of context it can take; used to compact histories in time. */
  int contextTokens();

  /**
   * Asks once and blocks until the answer is complete. Events arrive on the calling thread; the
   * last is {@link ModelEvent.Answered}, whose answer is also returned. Interrupting the thread
   * ends the call: it fails with the code {@code model_interrupted} and the thread stays marked.
   * What {@code events} throws ends the call too and is thrown as it is.
   *
   * @throws ModelException with a {@link ModelException.Kind} that says what a caller can do
   */
  ModelAnswer ask(ModelRequest request, Consumer<ModelEvent> events);

  @Override
  default void close() {}
}
