/**
 * Room {@code backbone}: what must survive a crash. It runs nats-server as a supervised child
 * process, keeps the agents' histories in one JetStream stream and their files in one object store,
 * and carries messages to running agents. It may touch the one folder it is given, one loopback
 * port, and the data keys, under which everything is encrypted before it leaves this process. It
 * deliberately knows nothing of what an event means, of runs, models or virtual machines: a history
 * is a list of lists of JSON objects here.
 */
@NullMarked
package org.choir.backbone;

import org.jspecify.annotations.NullMarked;
