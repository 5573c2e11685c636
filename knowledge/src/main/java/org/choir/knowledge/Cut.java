package org.choir.knowledge;

/**
 * Where one passage stands in a document.
 *
 * @param section the section's index
 * @param start in code points of the text, inclusive
 * @param end exclusive
 * @param locator where a reader finds it
 * @param prose how far it is text that says something, 0 to 100; low for tables of contents, lists
 *     of links and of names
 */
record Cut(int section, int start, int end, String locator, int prose) {}
