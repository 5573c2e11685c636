package org.choir.economy;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A wire between the writer and PostgreSQL that breaks once, at the boundary of a statement or of
 * the commit: before it is sent, or after it was done and before the answer arrives.
 */
final class Faults implements UnaryOperator<Connection> {
  private static final Set<String> BOUNDARIES = Set.of("execute", "executeQuery", "executeUpdate");

  private int countdown = -1;
  private boolean after;
  private int broken;

  /** Breaks at the boundary after this many more. */
  synchronized void arm(int boundaries, boolean afterIt) {
    countdown = boundaries;
    after = afterIt;
  }

  /** How often it broke. */
  synchronized int broken() {
    return broken;
  }

  @Override
  public Connection apply(Connection real) {
    return wrap(
        Connection.class,
        (proxy, method, arguments) -> {
          if (method.getName().equals("commit")) {
            return boundary(() -> call(real, method, arguments), real);
          }
          Object result = call(real, method, arguments);
          return result instanceof PreparedStatement statement
              ? statement(statement, real)
              : result;
        });
  }

  private PreparedStatement statement(PreparedStatement real, Connection connection) {
    return wrap(
        PreparedStatement.class,
        (proxy, method, arguments) ->
            BOUNDARIES.contains(method.getName())
                ? boundary(() -> call(real, method, arguments), connection)
                : call(real, method, arguments));
  }

  private interface Real {
    Object run() throws Throwable;
  }

  private Object boundary(Real real, Connection connection) throws Throwable {
    boolean now;
    synchronized (this) {
      now = countdown == 0;
      countdown--;
    }
    if (!now) {
      return real.run();
    }
    if (after) {
      real.run();
    }
    synchronized (this) {
      broken++;
    }
    connection.close();
    throw new SQLException("the wire is cut", "08006");
  }

  private static Object call(Object target, java.lang.reflect.Method method, Object[] arguments)
      throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private static <T> T wrap(Class<T> type, InvocationHandler handler) {
    return type.cast(
        Proxy.newProxyInstance(Faults.class.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
