/**
 * The readers of document formats, over jsoup, PDFBox, commonmark and the JDK's XML parser. Each
 * turns the bytes of one untrusted file into blocks, or refuses them with a stable code; none
 * touches a file, a network or another document.
 */
@NullMarked
package org.choir.knowledge.formats;

import org.jspecify.annotations.NullMarked;
