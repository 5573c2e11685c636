/** Adapter: anchors and the writer's fence in PostgreSQL. */
@NullMarked
package org.choir.audit.postgres;

import org.jspecify.annotations.NullMarked;
