package org.choir.cli;

import org.choir.core.ChoirException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code choir test}: done by the start script, which builds what is to be tested; here for its
 * help.
 */
@Command(
    name = "test",
    description = "Build everything and run all tests, with a real nats-server and real VMs.",
    footer = {"", "Examples:", "  ./choir test", "  ./choir test --all"})
final class TestAction extends Action {
  @Option(names = "--all", description = "The long tests too.")
  boolean all;

  TestAction(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    throw ChoirException.usage(
        "not_in_repository",
        "tests are run from the source repository" + (all ? ", the long ones too" : ""),
        "in its folder: ./choir test" + (all ? " --all" : ""));
  }
}
