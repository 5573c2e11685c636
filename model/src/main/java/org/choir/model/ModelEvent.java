package org.choir.model;

/** A piece of an answer while it arrives. */
public sealed interface ModelEvent {

  /** More text. */
  record TextDelta(String text) implements ModelEvent {}

  /** The model begins a tool call. */
  record CallStarted(String tool) implements ModelEvent {}

  /** The end: the whole answer. */
  record Answered(ModelAnswer answer) implements ModelEvent {}
}
