package org.choir.sandbox;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.time.Duration;
import java.util.List;

/** Names and connections as the operating system has them. */
final class SystemNetwork implements EgressNetwork {
  @Override
  public List<InetAddress> resolve(String name) throws IOException {
    return List.of(InetAddress.getAllByName(name));
  }

  @Override
  public Socket connect(InetSocketAddress address, Duration patience) throws IOException {
    Socket socket = new Socket();
    try {
      socket.connect(address, Math.toIntExact(Math.max(1, patience.toMillis())));
      socket.setTcpNoDelay(true);
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  @Override
  public boolean own(InetAddress address) throws IOException {
    return NetworkInterface.getByInetAddress(address) != null;
  }
}
