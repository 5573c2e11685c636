package org.choir.sandbox.firecracker;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a Firecracker process ended. The codes are those of its {@code FcExitCode}; a process killed
 * by a signal that it does not handle has 128 and the signal's number.
 */
public sealed interface FcExit {
  /** The process's exit status. */
  int code();

  /** A stable word for it. */
  String word();

  /** The guest ended by itself: it shut down or started again. */
  record Ended() implements FcExit {
    @Override
    public int code() {
      return 0;
    }

    @Override
    public String word() {
      return "ended";
    }
  }

  /** Firecracker gave up and said why in its log. */
  record Failed(int code) implements FcExit {
    @Override
    public String word() {
      return switch (code) {
        case 152 -> "bad_configuration";
        case 153 -> "bad_arguments";
        default -> "failed";
      };
    }
  }

  /** A system call that its filter does not allow: an attack or a defect. */
  record BadSyscall() implements FcExit {
    @Override
    public int code() {
      return 148;
    }

    @Override
    public String word() {
      return "bad_syscall";
    }
  }

  /**
   * A limit on its resources ended it.
   *
   * @param code 151 for the size of a file, 154 for processor time
   */
  record LimitReached(int code) implements FcExit {
    @Override
    public String word() {
      return code == 151 ? "file_size_limit" : "cpu_limit";
    }
  }

  /** A signal ended it, whether it handled that or not. */
  record Signalled(int code, int signal) implements FcExit {
    @Override
    public String word() {
      return "signal_" + signal;
    }
  }

  /** What an exit status means. */
  static FcExit of(int code) {
    return switch (code) {
      case 0 -> new Ended();
      case 148 -> new BadSyscall();
      case 149 -> new Signalled(code, 7);
      case 150 -> new Signalled(code, 11);
      case 151, 154 -> new LimitReached(code);
      case 155 -> new Signalled(code, 13);
      case 156 -> new Signalled(code, 1);
      case 157 -> new Signalled(code, 4);
      default -> code > 128 && code < 148 ? new Signalled(code, code - 128) : new Failed(code);
    };
  }

  /** The end that Firecracker's log tells of: a process in a namespace of its own is no child. */
  static Optional<FcExit> of(String log) {
    Matcher code = Log.CODE.matcher(log);
    if (code.find()) {
      return Optional.of(of(Integer.parseInt(code.group(1))));
    }
    if (log.contains("intercepting a bad syscall")) {
      return Optional.of(new BadSyscall());
    }
    Matcher signal = Log.SIGNAL.matcher(log);
    if (!signal.find()) {
      return Optional.empty();
    }
    return Optional.of(
        switch (Integer.parseInt(signal.group(1))) {
          case 7 -> of(149);
          case 11 -> of(150);
          case 25 -> of(151);
          case 24 -> of(154);
          case 13 -> of(155);
          case 1 -> of(156);
          case 4 -> of(157);
          default -> of(128 + Integer.parseInt(signal.group(1)));
        });
  }

  /** The two sentences of its log. */
  final class Log {
    private static final Pattern CODE = Pattern.compile("exit_code=([0-9]{1,3})\\b");
    private static final Pattern SIGNAL = Pattern.compile("intercepting signal ([0-9]{1,2})\\b");

    private Log() {}
  }
}
