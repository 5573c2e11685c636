package org.choir.model.langchain4j;

/**
 * How much one answer may bring; beyond it the call fails instead of filling the memory.
 *
 * @param answerBytes the whole body
 * @param lineBytes one line, which is one event: a tool call with a long text is one line in
 *     Ollama's format
 * @param errorBytes what is read of an error's body
 */
record Limits(long answerBytes, int lineBytes, int errorBytes) {
  static final Limits DEFAULT = new Limits(64L << 20, 8 << 20, 64 << 10);
}
