/**
 * Room {@code database}: PostgreSQL. It starts an embedded server in the one folder it is given, or
 * connects to another's, and hands out a pool, migrations per room, and locks that a session holds.
 * It may touch that folder, one loopback port and the database. It deliberately knows no table of
 * any room: each brings its own schema.
 */
@NullMarked
package org.choir.database;

import org.jspecify.annotations.NullMarked;
