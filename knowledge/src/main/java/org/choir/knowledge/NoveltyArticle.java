package org.choir.knowledge;

/**
 * An article whose novelty is judged, or that others are judged against.
 *
 * @param field as its author named it
 * @param text as published, Markdown or HTML or plain
 */
public record NoveltyArticle(String id, String author, String field, String text) {}
