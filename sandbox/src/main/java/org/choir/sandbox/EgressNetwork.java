package org.choir.sandbox;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;

/** The port to the names and connections of the host's own network. */
public interface EgressNetwork {
  /**
   * All addresses of a name, in the order to try them; called once for each connection.
   *
   * @throws IOException if it has none
   */
  List<InetAddress> resolve(String name) throws IOException;

  /** A connection to exactly this address. */
  Socket connect(InetSocketAddress address, Duration patience) throws IOException;

  /**
   * Whether an address is one of this machine's own: whatever listens there is not the internet.
   */
  boolean own(InetAddress address) throws IOException;

  /** The operating system's. */
  static EgressNetwork system() {
    return new SystemNetwork();
  }
}
