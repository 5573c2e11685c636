/**
 * Embedding models behind HTTP: OpenAI's {@code /embeddings}, or any server that speaks it. Touches
 * the one address it is given. Knows nothing of what is embedded and why.
 */
@NullMarked
package org.choir.model.openai;

import org.jspecify.annotations.NullMarked;
