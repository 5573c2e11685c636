/**
 * Vectors of passages in Qdrant, over gRPC. Touches the one server it is given. Knows nothing of
 * what makes an answer.
 */
@NullMarked
package org.choir.knowledge.qdrant;

import org.jspecify.annotations.NullMarked;
