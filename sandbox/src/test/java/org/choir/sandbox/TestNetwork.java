package org.choir.sandbox;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Names with the addresses a test gives them, one answer after the other; a connection to a public
 * address arrives at a port of the loopback, as the test says. What was asked is kept.
 */
final class TestNetwork implements EgressNetwork {
  final List<String> resolved = new CopyOnWriteArrayList<>();
  final List<String> connected = new CopyOnWriteArrayList<>();
  private final Map<String, Deque<List<InetAddress>>> names = new ConcurrentHashMap<>();
  private final Map<String, Integer> ports = new ConcurrentHashMap<>();
  private final EgressNetwork real = EgressNetwork.system();

  /** The next answer for a name; the last one stays. */
  TestNetwork name(String name, String... addresses) {
    names
        .computeIfAbsent(name, n -> new ArrayDeque<>())
        .add(Arrays.stream(addresses).map(InetAddress::ofLiteral).toList());
    return this;
  }

  /** Where a connection to this address really goes. */
  TestNetwork lead(String address, int toPort) {
    ports.put(InetAddress.ofLiteral(address).getHostAddress(), toPort);
    return this;
  }

  @Override
  public List<InetAddress> resolve(String name) throws IOException {
    resolved.add(name);
    Deque<List<InetAddress>> answers = names.get(name);
    if (answers == null) {
      throw new UnknownHostException(name);
    }
    synchronized (answers) {
      return answers.size() > 1 ? answers.remove() : answers.getFirst();
    }
  }

  @Override
  public Socket connect(InetSocketAddress address, Duration patience) throws IOException {
    connected.add(address.getAddress().getHostAddress() + ":" + address.getPort());
    Integer port = ports.get(address.getAddress().getHostAddress());
    if (port == null && !address.getAddress().isLoopbackAddress()) {
      // A test never leaves this machine, not even where the code under test is broken.
      throw new ConnectException("the test leads nowhere from " + address);
    }
    return real.connect(
        port == null ? address : new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
        patience);
  }

  @Override
  public boolean own(InetAddress address) throws IOException {
    return real.own(address);
  }
}
