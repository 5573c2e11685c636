package org.choir.knowledge.lucene;

/**
 * What the index is told of a passage.
 *
 * @param prose as the cutter judged it, 0 to 100
 */
public record IndexedPassage(String key, String title, String section, String body, int prose) {}
