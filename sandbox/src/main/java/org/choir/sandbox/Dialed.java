package org.choir.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** A connection that {@link Egress} has made: metered both ways, recorded when it ends. */
final class Dialed implements AutoCloseable {
  private final Egress egress;
  private final Egress.Client client;
  private final String id;
  private final HostName host;
  private final int port;
  private final Socket socket;
  private final InetAddress address;
  private final EgressMeter.Permit permit;
  private final long begun;
  private volatile long touched;
  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong received = new AtomicLong();
  private boolean closed;
  private String reason = "allowed";

  Dialed(
      Egress egress,
      Egress.Client client,
      String id,
      HostName host,
      int port,
      Egress.Connected connected,
      EgressMeter.Permit permit,
      long begun) {
    this.egress = egress;
    this.client = client;
    this.id = id;
    this.host = host;
    this.port = port;
    this.socket = connected.socket();
    this.address = connected.address();
    this.permit = permit;
    this.begun = begun;
    this.touched = System.nanoTime();
  }

  Egress.Client client() {
    return client;
  }

  String id() {
    return id;
  }

  HostName host() {
    return host;
  }

  int port() {
    return port;
  }

  InetAddress address() {
    return address;
  }

  Socket socket() {
    return socket;
  }

  long begun() {
    return begun;
  }

  long sent() {
    return sent.get();
  }

  long received() {
    return received.get();
  }

  /** How long to wait for the next byte of either side; zero once a deadline has passed. */
  Duration patience() {
    long now = System.nanoTime();
    long idle = egress.limits().idle().toNanos() - (now - touched);
    long total = egress.limits().total().toNanos() - (now - begun);
    return Duration.ofNanos(Math.max(0, Math.min(idle, total)));
  }

  /**
   * Bytes to the other side, counted and held to the tenant's rate.
   *
   * @throws EgressException {@code egress_volume}
   */
  void send(OutputStream out, byte[] bytes, int length) throws IOException {
    count(length);
    out.write(bytes, 0, length);
    sent.addAndGet(length);
    touched = System.nanoTime();
  }

  /** Counts bytes that came from the other side, before they are passed on. */
  void receive(int length) throws IOException {
    count(length);
    received.addAndGet(length);
    touched = System.nanoTime();
  }

  private void count(int length) throws IOException {
    client.volume().add(length, client.policy().bytesPerDay());
    permit.pass(length);
  }

  /** The other side's bytes; a read waits no longer than {@link #patience}. */
  InputStream input() throws IOException {
    InputStream in = socket.getInputStream();
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        while (true) {
          long patience = patience().toMillis();
          socket.setSoTimeout(Math.clamp(patience, 1, Integer.MAX_VALUE));
          try {
            return in.read(into, offset, length);
          } catch (SocketTimeoutException e) {
            // The other direction may have moved meanwhile.
            if (patience().isZero()) {
              throw e;
            }
          }
        }
      }
    };
  }

  /** Notes why it ends, for the record; the first reason stays. */
  synchronized void because(String code) {
    if (reason.equals("allowed")) {
      reason = code;
    }
  }

  @Override
  public void close() throws IOException {
    String why;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      why = reason;
    }
    try {
      socket.close();
    } finally {
      permit.close();
      client.volume().keep();
      egress.closed(this, why);
    }
  }
}
