package org.choir.cli;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Ctrl-C. A shutdown hook would not do: while it runs, a second Ctrl-C is ignored, and the second
 * one must leave at once. The signal classes are not part of the platform's public interface, so
 * they are looked up; where they are missing, Ctrl-C ends the command as usual.
 */
final class Interrupts {
  private Interrupts() {}

  /**
   * Calls this on a thread of its own at the first Ctrl-C; the second ends the process with 130.
   */
  static void onFirst(Runnable action) {
    onSignal("INT", action, 1);
  }

  /** Calls this at every Ctrl-C before the last one, which ends the process with 130. */
  static void onEach(Runnable action, int last) {
    onSignal("INT", action, last - 1);
  }

  /** Calls this whenever the terminal has another size. */
  static void onResize(Runnable action) {
    onSignal("WINCH", action, Integer.MAX_VALUE);
  }

  private static void onSignal(String name, Runnable action, int most) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Method handle = signal.getMethod("handle", signal, handler);
      AtomicInteger seen = new AtomicInteger();
      Object mine =
          Proxy.newProxyInstance(
              Interrupts.class.getClassLoader(),
              new Class<?>[] {handler},
              (proxy, method, arguments) -> {
                if (method.getName().equals("handle")) {
                  if (seen.getAndIncrement() >= most) {
                    Runtime.getRuntime().halt(130);
                  }
                  Thread.ofPlatform().daemon().name("interrupted").start(action);
                }
                return null;
              });
      handle.invoke(null, signal.getConstructor(String.class).newInstance(name), mine);
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      System.getLogger(Interrupts.class.getName())
          .log(System.Logger.Level.DEBUG, "no handler for the signal " + name + " here", e);
    }
  }
}
