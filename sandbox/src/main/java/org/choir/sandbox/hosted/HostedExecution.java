package org.choir.sandbox.hosted;

import java.io.OutputStream;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.choir.sandbox.ExecEvent;
import org.choir.sandbox.ExecOutput;
import org.choir.sandbox.ExecRequest;
import org.choir.sandbox.ExecResult;
import org.choir.sandbox.Execution;
import org.choir.sandbox.SandboxException;
import org.jspecify.annotations.Nullable;

/**
 * A command at a service that is followed event by event. Of what its reader has not taken, {@link
 * #WAITING_MAX} parts wait here; then the connection does. Signals reach no command of a service.
 */
final class HostedExecution implements Execution {
  private static final int WAITING_MAX = 16;

  /** A service's own patience has ended by then. */
  private static final long GRACE_SECONDS = 60;

  private final String vm;
  private final ExecRequest request;
  private final String id = Scripts.mark();
  private final BlockingQueue<Part> waiting = new LinkedBlockingQueue<>(WAITING_MAX);
  private final Thread runner;
  private ExecEvent.@Nullable Ended ended;

  /** Runs a command to its end. */
  interface Command {
    ExecResult run(ExecRequest request, ExecOutput output);
  }

  private sealed interface Part {
    record Came(ExecEvent event) implements Part {}

    record Broke(SandboxException failure) implements Part {}
  }

  HostedExecution(String vm, ExecRequest request, Command command) {
    this.vm = vm;
    this.request = request;
    this.runner = Thread.startVirtualThread(() -> run(command));
  }

  private void run(Command command) {
    try {
      AtomicLong stdout = new AtomicLong();
      AtomicLong stderr = new AtomicLong();
      ExecResult result =
          command.run(
              request,
              new ExecOutput() {
                @Override
                public void stdout(byte[] bytes) {
                  pass(ExecEvent.Channel.STDOUT, stdout, bytes);
                }

                @Override
                public void stderr(byte[] bytes) {
                  pass(ExecEvent.Channel.STDERR, stderr, bytes);
                }
              });
      put(new Part.Came(new ExecEvent.Ended(result)));
    } catch (SandboxException e) {
      if (!Thread.currentThread().isInterrupted()) {
        put(new Part.Broke(e));
      }
    }
  }

  private void pass(ExecEvent.Channel channel, AtomicLong at, byte[] bytes) {
    put(new Part.Came(new ExecEvent.Output(channel, at.getAndAdd(bytes.length), bytes)));
  }

  private void put(Part part) {
    try {
      waiting.put(part);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.passing("cancelled", "nobody reads this command any more", "", e);
    }
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public ExecEvent next() {
    if (ended != null) {
      return ended;
    }
    try {
      Part part = waiting.poll(request.timeout().toSeconds() + GRACE_SECONDS, TimeUnit.SECONDS);
      return switch (part) {
        case Part.Came(ExecEvent.Ended end) -> {
          ended = end;
          yield end;
        }
        case Part.Came(ExecEvent event) -> event;
        case Part.Broke(SandboxException failure) -> throw failure;
        case null ->
            throw SandboxException.passing(
                "guest_unresponsive", "the VM " + vm + " tells nothing of a command", "", null);
      };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.passing("cancelled", "waiting for a command was interrupted", "", e);
    }
  }

  @Override
  public OutputStream input() {
    throw SandboxException.lasting("no_input", "a command at a service has no input", "");
  }

  @Override
  public void signal(int number) {
    throw unsupported("signals");
  }

  @Override
  public void kill() {
    throw unsupported("signals");
  }

  @Override
  public void resize(int columns, int rows) {
    throw unsupported("terminals");
  }

  private SandboxException unsupported(String what) {
    return SandboxException.lasting(
        "unsupported", "the VM " + vm + " does not offer " + what, "use another driver");
  }

  @Override
  public void close() {
    runner.interrupt();
  }
}
