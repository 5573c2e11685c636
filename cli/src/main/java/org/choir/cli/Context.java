package org.choir.cli;

import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import org.choir.server.Home;

/**
 * What a command may touch of its process.
 *
 * @param in for a command in a VM
 * @param out for results
 * @param err for progress and messages
 * @param folder relative paths start here
 * @param build names the jars that run, to recognise a server of others
 */
record Context(
    Map<String, String> environment,
    InputStream in,
    PrintStream out,
    PrintStream err,
    Terminal terminal,
    Path folder,
    String build) {

  static Context ofProcess() {
    Map<String, String> environment = System.getenv();
    return new Context(
        environment,
        System.in,
        System.out,
        System.err,
        Terminal.find(environment),
        Path.of("").toAbsolutePath(),
        System.getProperty("choir.build", "dev"));
  }

  Home home() {
    return Home.locate(environment);
  }

  /** An absolute path for the server, whose folder is another. */
  Path absolute(String path) {
    return folder.resolve(path).normalize();
  }
}
