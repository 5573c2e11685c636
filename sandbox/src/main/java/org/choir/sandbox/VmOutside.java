package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLSocketFactory;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One VM's way out: answers the streams it opens. {@code dial} is a connection to the proxy in the
 * guest, {@code call} a question of the {@code choir} command there. Whose they are is known from
 * the connection they came over.
 */
final class VmOutside implements GuestStreams.Handler {
  private static final Logger LOG = LoggerFactory.getLogger(VmOutside.class);
  private static final Set<String> DIAL_FIELDS = Set.of("op", "uid");
  private static final Set<String> CALL_FIELDS = Set.of("op", "uid", "name", "arguments");
  private static final int ANSWER_MAX = 1 << 20;
  private static final int CALLS_AT_ONCE = 4;
  private static final double CALLS_PER_SECOND = 10;
  private static final int CALLS_BURST = 50;

  private final String vm;
  private final EgressFiles files;
  private final Outside outside;
  private final EgressVolume volume;
  private final TokenBucket calls =
      new TokenBucket(CALLS_PER_SECOND, CALLS_BURST, System.nanoTime());
  private final AtomicInteger calling = new AtomicInteger();
  private volatile EgressPolicy policy;

  VmOutside(String vm, Path folder, Outside outside, InstantSource clock) {
    this.vm = vm;
    this.files = new EgressFiles(folder);
    this.outside = outside;
    this.policy = files.policy();
    this.volume = files.volume(clock);
  }

  /** Replaces the VM's policy, on the disk first. */
  void policy(EgressPolicy replacement) {
    files.keep(replacement);
    policy = replacement;
  }

  EgressPolicy policy() {
    return policy;
  }

  @Override
  public void serve(ObjectNode request, IncomingStream stream) {
    switch (request.path("op").asText()) {
      case "dial" -> {
        require(request, DIAL_FIELDS);
        Egress.Client client = new Egress.Client(vm, uid(request), policy, volume);
        new EgressProxy(outside.egress(), client, stream).serve();
      }
      case "call" -> {
        require(request, CALL_FIELDS);
        call(request, stream);
      }
      default ->
          throw SandboxException.lasting("bad_request", "the host knows no such request", "");
    }
  }

  private static void require(ObjectNode request, Set<String> fields) {
    for (var field : request.properties()) {
      if (!fields.contains(field.getKey())) {
        throw SandboxException.lasting("bad_request", "a request with an unknown field", "");
      }
    }
  }

  private static int uid(JsonNode request) {
    return request.path("uid").asInt(-1);
  }

  private GuestCalls.Caller caller(int uid) {
    return new GuestCalls.Caller() {
      @Override
      public int uid() {
        return uid;
      }

      @Override
      public GuestCalls.Page fetch(String url) {
        Egress.Client client = new Egress.Client(vm, uid, policy, volume);
        return new EgressFetch(
                outside.egress(), client, (SSLSocketFactory) SSLSocketFactory.getDefault())
            .fetch(url);
      }
    };
  }

  private void call(ObjectNode request, IncomingStream stream) {
    String name = request.path("name").asText();
    if (!calls.take(System.nanoTime())) {
      throw SandboxException.passing(
          "rate_limited", "more than %.0f calls a second".formatted(CALLS_PER_SECOND), "", null);
    }
    if (calling.incrementAndGet() > CALLS_AT_ONCE) {
      calling.decrementAndGet();
      throw SandboxException.passing(
          "host_busy", CALLS_AT_ONCE + " calls of this machine are being answered", "", null);
    }
    try {
      JsonNode arguments = request.path("arguments");
      GuestCalls.Operation operation = outside.calls().apply(vm).check(name, arguments);
      byte[] answer =
          Json.write(answered(operation, caller(uid(request)), (ObjectNode) arguments))
              .getBytes(StandardCharsets.UTF_8);
      if (answer.length > ANSWER_MAX) {
        throw SandboxException.lasting(
            "too_large",
            "the answer of " + name + " has " + answer.length + " bytes",
            "ask for less");
      }
      try (OutputStream out = stream.output(operation::deadline)) {
        out.write(answer);
      }
      stream.end(Json.object().put("bytes", answer.length));
    } catch (IOException e) {
      stream.fail("cut", String.valueOf(e.getMessage()));
    } finally {
      calling.decrementAndGet();
    }
  }

  /** On a thread of its own, so that a handler that hangs costs its deadline and no more. */
  private ObjectNode answered(
      GuestCalls.Operation operation, GuestCalls.Caller caller, ObjectNode arguments) {
    CompletableFuture<ObjectNode> answer = new CompletableFuture<>();
    Thread worker =
        Thread.ofVirtual()
            .name("guest-call-" + vm)
            .start(
                () -> {
                  try {
                    answer.complete(operation.handler().answer(caller, arguments));
                  } catch (RuntimeException | LinkageError e) {
                    answer.completeExceptionally(e);
                  }
                });
    Duration deadline = operation.deadline();
    try {
      return answer.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ChoirException known) {
        throw known;
      }
      LOG.warn("the call {} of VM {} failed inside the host", operation.name(), vm, e);
      throw SandboxException.lasting("internal", "the host failed while it answered", "");
    } catch (TimeoutException e) {
      worker.interrupt();
      throw SandboxException.passing(
          "timeout",
          operation.name() + " was not answered within " + Call.seconds(deadline),
          "try again later",
          e);
    } catch (InterruptedException e) {
      worker.interrupt();
      Thread.currentThread().interrupt();
      throw SandboxException.passing("cancelled", "the answer was interrupted", "", e);
    }
  }
}
