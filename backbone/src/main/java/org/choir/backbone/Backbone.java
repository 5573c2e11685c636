package org.choir.backbone;

import java.nio.file.Path;
import java.time.InstantSource;
import org.choir.keys.DataKeys;

/**
 * The NATS server as a supervised child process, and the one connection to it. Closing ends both.
 */
public final class Backbone implements AutoCloseable {
  private Backbone() {}

  /** How an append is acknowledged: once the operating system has it, or once the disk has it. */
  public enum Durability {
    CRASH,
    POWER
  }

  /**
   * What a start needs.
   *
   * @param folder owned by this backbone: configuration, credentials, JetStream store, log
   * @param port a loopback port, 0 for a free one
   */
  public record Options(Path folder, int port, Durability durability) {}

  /**
   * Starts nats-server (restarting it whenever it dies, until closed) and creates or checks the
   * streams.
   *
   * @throws org.choir.core.ChoirException {@code no_nats_server}, {@code port_in_use}, {@code
   *     stream_settings}, ...
   */
  public static Backbone start(Options options, DataKeys keys, InstantSource clock) {
    throw new UnsupportedOperationException();
  }

  /** The histories of agents. */
  public StateStream state() {
    throw new UnsupportedOperationException();
  }

  /** The artifacts. */
  public FileStore files() {
    throw new UnsupportedOperationException();
  }

  /** Messages to running agents. */
  public ControlMessages control() {
    throw new UnsupportedOperationException();
  }

  /** The process id of nats-server. */
  public long pid() {
    throw new UnsupportedOperationException();
  }

  /** The loopback port it listens on. */
  public int port() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
