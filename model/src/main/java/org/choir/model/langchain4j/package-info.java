/**
 * Language models of real providers, through LangChain4j's modules. LangChain4j writes the requests
 * and assembles the answers; {@link org.choir.model.langchain4j.Exchange} carries them over HTTP on
 * the calling thread, so that a deadline, an interrupt and every limit hold, and each provider's
 * {@code Reading} watches the raw events, so that a stream that ended early is never taken for an
 * answer. Nothing is retried here: the agent loop decides. Knows nothing of agents and runs.
 */
@NullMarked
package org.choir.model.langchain4j;

import org.jspecify.annotations.NullMarked;
