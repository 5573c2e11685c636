package org.choir.agent;

import org.choir.core.Digest;

/**
 * A file as recorded: what a resumed run restores.
 *
 * @param path below {@code /workspace}, without a leading slash
 * @param mode permission bits
 */
record WorkspaceFile(String path, long size, Digest digest, int mode) {}
