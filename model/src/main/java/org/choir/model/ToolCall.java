package org.choir.model;

/**
 * A model's wish to use a tool.
 *
 * @param id unique within the conversation; given by the provider, or made where it gives none
 * @param arguments the JSON text as the model wrote it: untrusted, possibly malformed
 */
public record ToolCall(String id, String tool, String arguments) {}
