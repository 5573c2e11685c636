package org.choir.sandbox;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.choir.core.ChoirException;
import org.choir.core.PublicAddresses;
import org.choir.core.Text;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one way from guests to the network: decides by each VM's policy, resolves names itself,
 * refuses every address that is not public, connects to the very address it checked, keeps to the
 * limits, records everything. Thread-safe; one for all VMs of a server, so that its limits hold
 * over all of them.
 *
 * <p>Nothing is remembered between two connections, no name's address either: what a name resolves
 * to is checked each time and resolved once, so a name that changes its address meanwhile (DNS
 * rebinding) gains nothing.
 */
public final class Egress {
  private static final Logger LOG = LoggerFactory.getLogger(Egress.class);

  private final List<EgressRule> allowPrivate;
  private final EgressLimits limits;
  private final EgressNetwork network;
  private final EgressLog log;
  private final InstantSource clock;
  private final EgressMeter meter;
  private final AtomicLong dials = new AtomicLong();

  /**
   * @param allowPrivate {@code host:port} that may have a private address; they must be on a VM's
   *     list like any other
   * @throws EgressException {@code egress_bad_rule} for an entry without a port
   */
  public Egress(
      List<String> allowPrivate,
      EgressLimits limits,
      EgressNetwork network,
      EgressLog log,
      InstantSource clock) {
    this.allowPrivate = allowPrivate.stream().map(EgressRule::of).toList();
    for (EgressRule rule : this.allowPrivate) {
      if (rule.below() || rule.port().isEmpty()) {
        throw new EgressException(
            "egress_bad_rule",
            400,
            "'" + rule + "' in egress.allow-private is not one host with one port",
            "write it as in packages.lan:8080");
      }
    }
    this.limits = limits;
    this.network = network;
    this.log = log;
    this.clock = clock;
    this.meter = new EgressMeter(limits, System::nanoTime);
  }

  /** Whose connection it is, by the host's own record but for the user in the guest. */
  record Client(String vm, int uid, EgressPolicy policy, EgressVolume volume) {}

  EgressLimits limits() {
    return limits;
  }

  /**
   * Makes a connection, or says why not; either is recorded.
   *
   * @throws EgressException why it is refused
   * @throws IOException if this thread was interrupted
   */
  Dialed dial(Client client, String writtenHost, int port) throws IOException {
    long begun = System.nanoTime();
    String id = client.vm() + "-" + clock.millis() + "-" + dials.incrementAndGet();
    String host = writtenHost;
    EgressMeter.Permit permit = null;
    InetAddress address = null;
    try {
      HostName name = HostName.of(writtenHost);
      host = name.text();
      if (!client.policy().allows(name, port, client.uid())) {
        throw notAllowed(name, port);
      }
      client.volume().require(client.policy().bytesPerDay());
      permit = meter.admit(client.policy().tenant());
      List<InetAddress> addresses = checked(name, port);
      address = addresses.getFirst();
      record(client, id, EgressLog.Phase.OPENED, host, port, address, "allowed", 0, 0, begun);
      Connected connected = connect(name, port, addresses, begun);
      return new Dialed(this, client, id, name, port, connected, permit, begun);
    } catch (EgressException e) {
      close(permit);
      if (address == null) {
        record(client, id, EgressLog.Phase.REFUSED, host, port, null, e.code(), 0, 0, begun);
      } else {
        record(client, id, EgressLog.Phase.CLOSED, host, port, address, e.code(), 0, 0, begun);
      }
      throw e;
    } catch (IOException | RuntimeException e) {
      close(permit);
      if (address != null) {
        record(client, id, EgressLog.Phase.CLOSED, host, port, address, "failed", 0, 0, begun);
      }
      throw e;
    }
  }

  /** A socket and the checked address that it was made to. */
  record Connected(Socket socket, InetAddress address) {}

  private static void close(EgressMeter.@Nullable Permit permit) {
    if (permit != null) {
      permit.close();
    }
  }

  /** What came before a host was known: no request at all. */
  void refused(Client client, String what, EgressException why) {
    record(
        client,
        client.vm() + "-" + clock.millis() + "-" + dials.incrementAndGet(),
        EgressLog.Phase.REFUSED,
        what,
        0,
        null,
        why.code(),
        0,
        0,
        System.nanoTime());
  }

  void closed(Dialed dialed, String reason) {
    record(
        dialed.client(),
        dialed.id(),
        EgressLog.Phase.CLOSED,
        dialed.host().text(),
        dialed.port(),
        dialed.address(),
        reason,
        dialed.sent(),
        dialed.received(),
        dialed.begun());
  }

  private void record(
      Client client,
      String id,
      EgressLog.Phase phase,
      String host,
      int port,
      @Nullable InetAddress address,
      String reason,
      long sent,
      long received,
      long begun) {
    try {
      log.dialed(
          new EgressLog.Dial(
              id,
              phase,
              client.policy().tenant(),
              client.vm(),
              client.uid(),
              Text.visible(host, 253),
              port,
              address == null ? "" : address.getHostAddress(),
              reason,
              sent,
              received,
              Duration.ofNanos(System.nanoTime() - begun),
              clock.instant()));
    } catch (ChoirException e) {
      if (phase == EgressLog.Phase.OPENED) {
        throw new EgressException(
            "egress_not_recorded",
            503,
            "the connection could not be recorded: " + e.failure().message(),
            "try again later");
      }
      LOG.error("a connection of VM {} to {} could not be recorded", client.vm(), host, e);
    }
  }

  private static EgressException notAllowed(HostName name, int port) {
    return new EgressException(
        "egress_not_allowed",
        403,
        name + ":" + port + " is not on this machine's allow list",
        "whoever runs choir can add it to egress.allow");
  }

  /** The addresses of a host that may be connected to. */
  private List<InetAddress> checked(HostName name, int port) throws IOException {
    List<InetAddress> all = resolve(name);
    if (allowPrivate.stream().anyMatch(rule -> rule.allows(name, port))) {
      return all;
    }
    Optional<String> refusal = Optional.empty();
    List<InetAddress> found = new ArrayList<>();
    for (InetAddress address : all) {
      Optional<String> why = PublicAddresses.refusal(address.getAddress());
      if (why.isEmpty() && network.own(address)) {
        why = Optional.of("an address of this machine");
      }
      if (why.isEmpty()) {
        found.add(address);
      } else {
        refusal = why;
      }
    }
    if (found.isEmpty()) {
      throw new EgressException(
          "egress_private_address",
          403,
          name + " is " + refusal.orElse("no address") + ", which no guest may reach",
          "only egress.allow-private makes an exception");
    }
    return List.copyOf(found);
  }

  private List<InetAddress> resolve(HostName name) throws IOException {
    if (name.address()) {
      return List.of(InetAddress.ofLiteral(name.text()));
    }
    CompletableFuture<List<InetAddress>> answer = new CompletableFuture<>();
    Thread.ofVirtual()
        .name("resolve-" + name)
        .start(
            () -> {
              try {
                answer.complete(network.resolve(name.text()));
              } catch (IOException | RuntimeException e) {
                answer.completeExceptionally(e);
              }
            });
    try {
      List<InetAddress> all = answer.get(limits.connect().toNanos(), TimeUnit.NANOSECONDS);
      if (all.isEmpty()) {
        throw unknown(name);
      }
      return all;
    } catch (ExecutionException e) {
      throw unknown(name);
    } catch (TimeoutException e) {
      throw timeout(name, "has not been resolved");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("resolving " + name + " was interrupted");
    }
  }

  private static EgressException unknown(HostName name) {
    return new EgressException(
        "egress_unknown_host", 502, "there is no host " + name, "check its spelling");
  }

  private EgressException timeout(HostName name, String what) {
    return new EgressException(
        "egress_timeout",
        504,
        name + " " + what + " within " + Call.seconds(limits.connect()),
        "try again later");
  }

  /** To one of the checked addresses, in their order, within one deadline. */
  private Connected connect(HostName name, int port, List<InetAddress> addresses, long begun)
      throws IOException {
    String why = "";
    for (InetAddress address : addresses) {
      Duration left = limits.connect().minusNanos(System.nanoTime() - begun);
      if (!left.isPositive()) {
        throw timeout(name, "was not reached");
      }
      try {
        return new Connected(network.connect(new InetSocketAddress(address, port), left), address);
      } catch (InterruptedIOException e) {
        if (Thread.currentThread().isInterrupted()) {
          throw e;
        }
        why = "no answer";
      } catch (IOException e) {
        why = String.valueOf(e.getMessage());
      }
    }
    throw new EgressException(
        "egress_unreachable",
        502,
        name + ":" + port + " cannot be reached: " + why,
        "try again later");
  }
}
