/**
 * The inverted index of passages, over Lucene. It knows terms and counts, not what makes an answer.
 */
@NullMarked
package org.choir.knowledge.lucene;

import org.jspecify.annotations.NullMarked;
