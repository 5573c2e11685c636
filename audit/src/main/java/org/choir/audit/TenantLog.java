package org.choir.audit;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.choir.core.Digest;
import org.choir.core.TenantId;

/** The Merkle log of one tenant. */
public final class TenantLog implements AutoCloseable {
  private TenantLog() {}

  /** Opens or makes the log in this folder. */
  public static TenantLog open(
      Path folder, TenantId tenant, String origin, LogKey key, LogOptions options) {
    throw new UnsupportedOperationException();
  }

  /** Appends; returns the index when it is durable. */
  public long append(byte[] entry) {
    throw new UnsupportedOperationException();
  }

  /** Appends an entry that knows its place; returns the index when it is durable. */
  public long append(LogEntry entry) {
    throw new UnsupportedOperationException();
  }

  /** As {@link #append(LogEntry)} without waiting; appends of one thread keep their order. */
  public CompletableFuture<Long> submit(LogEntry entry) {
    throw new UnsupportedOperationException();
  }

  /** The entry at this index. */
  public byte[] entry(long index) {
    throw new UnsupportedOperationException();
  }

  /** How many entries are durable. */
  public long size() {
    throw new UnsupportedOperationException();
  }

  /** The root over the first {@code size} entries. */
  public Digest root(long size) {
    throw new UnsupportedOperationException();
  }

  /** The inclusion proof of an entry in the tree of this size. */
  public List<Digest> proveInclusion(long index, long size) {
    throw new UnsupportedOperationException();
  }

  /** The proof that the tree of size {@code from} is a prefix of that of size {@code to}. */
  public List<Digest> proveConsistency(long from, long to) {
    throw new UnsupportedOperationException();
  }

  /** A signed checkpoint that covers everything durable at the call; it is published first. */
  public String checkpoint() {
    throw new UnsupportedOperationException();
  }

  /** The whole proof of an entry against {@link #checkpoint}. */
  public ProofText prove(long index) {
    throw new UnsupportedOperationException();
  }

  /** Publishes what is durable and ends. */
  @Override
  public void close() {}
}
