package org.choir.cli;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

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
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Method handle = signal.getMethod("handle", signal, handler);
      boolean[] seen = {false};
      Object mine =
          Proxy.newProxyInstance(
              Interrupts.class.getClassLoader(),
              new Class<?>[] {handler},
              (proxy, method, arguments) -> {
                if (method.getName().equals("handle")) {
                  if (seen[0]) {
                    Runtime.getRuntime().halt(130);
                  }
                  seen[0] = true;
                  Thread.ofPlatform().daemon().name("interrupted").start(action);
                }
                return null;
              });
      handle.invoke(null, signal.getConstructor(String.class).newInstance("INT"), mine);
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      System.getLogger(Interrupts.class.getName())
          .log(System.Logger.Level.DEBUG, "no handler for Ctrl-C here", e);
    }
  }
}
