package org.choir.model;

import java.util.List;

/**
 * The port to a model that maps text to vectors of length 1. Thread-safe; deterministic for one
 * model and machine.
 */
public interface Embedder extends AutoCloseable {

  /** Name and revision, stored with every vector. */
  String id();

  /** The vectors' length. */
  int dimensions();

  /** Vectors of passages, in the order given. Texts beyond the model's window are cut. */
  List<float[]> passages(List<String> texts);

  /** The vector of a question (some models want an instruction before it). */
  float[] query(String text);

  @Override
  default void close() {}
}
