package org.choir.economy;

import org.choir.database.Database;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** One database for all test classes that ask for it and empty their tables themselves. */
final class OneDatabase implements ParameterResolver {
  private static final class Shared {
    static final Database DATABASE = TestDatabase.fresh();
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Database.class;
  }

  @Override
  public Database resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return Shared.DATABASE;
  }
}
