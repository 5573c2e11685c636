package org.choir.core;

/**
 * What went wrong, in a form that a person and a program can use.
 *
 * @param code stable and lower case with underscores, for programs; never reworded
 * @param message one sentence that names the thing and the value
 * @param remedy the way out: what to do or the command to run; empty only where nothing can be done
 * @param exit the exit status of a command that ends with this failure
 * @param retryable whether the same attempt may succeed later without any change by a person
 */
public record Failure(
    String code, String message, String remedy, ExitStatus exit, boolean retryable) {
  public Failure {
    if (!code.matches("[a-z][a-z0-9_]*")) {
      throw new IllegalArgumentException("not a failure code: " + code);
    }
  }
}
