package org.choir.model;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A tool as a model sees it.
 *
 * @param name letters, digits, {@code _}
 * @param parameters a JSON Schema of type object
 */
public record ToolSpec(String name, String description, ObjectNode parameters) {}
