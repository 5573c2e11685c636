package org.choir.knowledge;

/**
 * Articles are being embedded by another model; until all are, the indexes of the former one are
 * searched.
 *
 * @param from the model whose vectors are searched, by id
 * @param to the model that takes over
 * @param done articles of total that it has embedded
 */
public record EmbeddingChange(String from, String to, int done, int total) {}
