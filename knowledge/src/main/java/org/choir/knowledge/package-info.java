/**
 * Room {@code knowledge}: what the house has read and may rely on. Source documents are read,
 * stored by content hash, cut into passages, indexed and searched here; drafts are taken apart into
 * claims, checked against what was stored, and assembled into reports. It may touch the files that
 * it is pointed at and the folder that it is given to keep; the embedding model is handed in. It
 * deliberately knows nothing of runs, agents, virtual machines, tenants' keys or money.
 */
@NullMarked
package org.choir.knowledge;

import org.jspecify.annotations.NullMarked;
