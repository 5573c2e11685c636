package org.choir.sandbox;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A VM as its users hold it: every call renews its lease, and one that comes after the lease's end
 * finds it suspended and resumes it first. It is the same one until its machine is lost; then its
 * calls fail with {@code guest_lost}, whatever stands under its id by then. All methods of {@link
 * Vm} go through here, those added later too.
 */
final class Leased implements InvocationHandler {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Leases room;
  private final VmSpec spec;
  private final Vm handle;
  private final ReentrantLock changing = new ReentrantLock(true);
  private final AtomicInteger users = new AtomicInteger();
  private volatile Instant used;
  private volatile VmState.@Nullable Running running;
  private volatile boolean gone;

  Leased(Leases room, VmSpec spec, Instant now) {
    this.room = room;
    this.spec = spec;
    this.used = now;
    this.handle =
        (Vm) Proxy.newProxyInstance(Vm.class.getClassLoader(), new Class<?>[] {Vm.class}, this);
  }

  VmSpec spec() {
    return spec;
  }

  /** What its users hold. */
  Vm handle() {
    return handle;
  }

  VmState.@Nullable Running running() {
    return running;
  }

  /** The machine itself, to be found here from now on. */
  void adopt(VmState.Running adopted) {
    running = adopted;
  }

  /** Its machine is lost, or it was removed: this one never comes back. */
  void end() {
    gone = true;
    running = null;
  }

  boolean isGone() {
    return gone;
  }

  /** Has it run; empty if it is gone for ever. */
  Optional<VmState.Running> open(Duration patience) {
    return locked(
        patience,
        () -> {
          if (gone) {
            return Optional.empty();
          }
          VmState.Running now = running;
          if (now == null) {
            now = room.start(this);
            running = now;
          }
          used = room.now();
          return Optional.of(now);
        });
  }

  /** Suspends it, in use or not. */
  VmInfo suspend() {
    return locked(PATIENCE, this::put);
  }

  /** Suspends it if nobody has used it since; whether that was so. */
  boolean suspendIfIdleSince(Instant limit) {
    VmState.Running now = running;
    if (now == null || users.get() > 0 || used.isAfter(limit) || !changing.tryLock()) {
      return false;
    }
    try {
      now = running;
      if (gone || now == null || users.get() > 0 || used.isAfter(limit)) {
        return false;
      }
      if (now.vm().busy()) {
        used = room.now(); // a command that is followed is use
        return false;
      }
      put();
      return true;
    } finally {
      changing.unlock();
    }
  }

  private VmInfo put() {
    VmState.Running now = running;
    if (now == null) {
      throw SandboxException.lasting(
          "vm_not_running", "the VM " + spec.id() + " does not run", "choir vm ls");
    }
    VmInfo info = room.put(now);
    running = null;
    return info;
  }

  /** Removes it with all it left. */
  void destroy() {
    locked(
        PATIENCE,
        () -> {
          room.remove(this);
          return spec;
        });
  }

  private interface Work<T> {
    T done();
  }

  private <T> T locked(Duration patience, Work<T> work) {
    try {
      if (!changing.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS)) {
        throw SandboxException.passing(
            "vm_changing", "the VM " + spec.id() + " is being changed", "try again", null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.passing(
          "cancelled", "waiting for " + spec.id() + " was interrupted", "", e);
    }
    try {
      return work.done();
    } finally {
      changing.unlock();
    }
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // a handle equals itself only
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
      throws Throwable {
    Object[] given = arguments == null ? new Object[0] : arguments;
    VmState.Running now = running;
    return switch (method.getName()) {
      case "equals" -> proxy == given[0];
      case "hashCode" -> System.identityHashCode(proxy);
      case "toString" -> now == null ? "VM " + spec.id() : now.vm().toString();
      case "id" -> spec.id();
      case "pid" -> now == null ? -1L : now.info().pid();
      case "accelerator" -> now == null ? room.host().accelerator() : now.info().accelerator();
      case "busy" -> now != null && now.vm().busy();
      case "close" -> {
        destroy();
        yield null;
      }
      default -> call(method, given);
    };
  }

  private @Nullable Object call(Method method, Object[] arguments) throws Throwable {
    users.incrementAndGet();
    try {
      Vm vm =
          open(PATIENCE)
              .orElseThrow(
                  () ->
                      SandboxException.passing(
                          "guest_lost",
                          "the VM " + spec.id() + " is gone",
                          "obtain another one",
                          null))
              .vm();
      return method.invoke(vm, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    } finally {
      used = room.now();
      users.decrementAndGet();
    }
  }
}
