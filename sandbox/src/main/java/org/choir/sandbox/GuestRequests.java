package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Requests to one guest: not more at once than it takes, each ended on both sides. */
final class GuestRequests {
  /** How long a guest may be silent while it is its turn. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  /** The agent refuses more than 64; some are left for short ones, such as a signal. */
  private static final int LONG_AT_ONCE = 60;

  private static final int SHORT_AT_ONCE = 3;

  private final String name;
  private final GuestLink link;
  private final Semaphore longSlots = new Semaphore(LONG_AT_ONCE, true);
  private final Semaphore shortSlots = new Semaphore(SHORT_AT_ONCE, true);

  GuestRequests(String name, GuestLink link) {
    this.name = name;
    this.link = link;
  }

  /** What is said about one request. */
  interface Conversation<T> {
    T with(Call call) throws IOException;
  }

  static ObjectNode request(String operation) {
    return org.choir.core.Json.object().put("op", operation);
  }

  GuestLink link() {
    return link;
  }

  SandboxException broken(String what) {
    return link.broken(what);
  }

  /** One request from its beginning to its end. */
  <T> T call(ObjectNode request, Conversation<T> conversation) {
    acquire(longSlots, LONG_AT_ONCE);
    try {
      return converse(request, conversation);
    } finally {
      longSlots.release();
    }
  }

  /** A request without data, which is answered at once even when all others wait. */
  void tell(ObjectNode request) {
    acquire(shortSlots, SHORT_AT_ONCE);
    try {
      done(converse(request, this::drain));
    } finally {
      shortSlots.release();
    }
  }

  void done(JsonNode end) {
    if (!end.isObject()) {
      throw broken("a result that is no object");
    }
  }

  /** Waits for the end of a request that answers no data. */
  JsonNode drain(Call call) {
    if (call.next(PATIENCE) != null) {
      throw broken("data where none was asked for");
    }
    return call.result();
  }

  private <T> T converse(ObjectNode request, Conversation<T> conversation) {
    Call call = link.open(request, PATIENCE);
    boolean ended = false;
    try {
      T result = conversation.with(call);
      ended = true;
      return result;
    } catch (IOException e) {
      throw SandboxException.lasting(
          "io_error", "the caller's own stream failed: " + e.getMessage(), "", e);
    } finally {
      if (!ended) {
        link.cancel(call);
      }
    }
  }

  /** A request that stays open until {@link #close}. */
  Call open(ObjectNode request) {
    acquire(longSlots, LONG_AT_ONCE);
    boolean opened = false;
    try {
      Call call = link.open(request, PATIENCE);
      opened = true;
      return call;
    } finally {
      if (!opened) {
        longSlots.release();
      }
    }
  }

  /** Ends a request that was opened, if the guest has not; to be called once. */
  void close(Call call, boolean ended) {
    if (!ended) {
      link.cancel(call);
    }
    longSlots.release();
  }

  private void acquire(Semaphore slots, int most) {
    try {
      if (!slots.tryAcquire(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw SandboxException.passing(
            "guest_busy", "the VM " + name + " has " + most + " calls open", "wait", null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.passing(
          "cancelled", "a call into " + name + " was interrupted", "", e);
    }
  }
}
