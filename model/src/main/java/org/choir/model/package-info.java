/**
 * Room {@code model}: the port to a model ({@link org.choir.model.ModelClient}) and the port to an
 * embedding model ({@link org.choir.model.Embedder}), with what a caller needs to choose and to
 * account for one: {@link org.choir.model.Models} reads {@code PROVIDER:NAME}, {@link
 * org.choir.model.Catalogue} knows context windows and prices. Only the subpackages touch the
 * outside: {@code langchain4j} speaks to providers over HTTPS, {@code openai} to an embedding
 * server, {@code bge} runs an embedding model in this process; {@link
 * org.choir.model.CachedEmbedder} owns one folder. The room deliberately knows nothing about
 * agents, tools' meanings, runs, budgets and the retries of a conversation: one question in, one
 * answer or one typed failure out.
 */
@NullMarked
package org.choir.model;

import org.jspecify.annotations.NullMarked;
