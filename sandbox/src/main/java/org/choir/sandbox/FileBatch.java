package org.choir.sandbox;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Several files, one after the other: what is wrong with one does not stop the rest. */
final class FileBatch {
  private FileBatch() {}

  static List<FileOutcome> read(Vm vm, List<String> paths, int limit) {
    return each(
        paths,
        path -> path,
        path -> {
          // One byte more tells a file that is too large from one that just fits.
          ByteArrayOutputStream bytes = new ByteArrayOutputStream();
          if (vm.read(path, 0, limit + 1L, bytes) > limit) {
            throw SandboxException.lasting(
                "too_large", path + " has more than " + limit + " bytes", "read it in parts");
          }
          return bytes.toByteArray();
        });
  }

  static List<FileOutcome> write(Vm vm, Map<String, byte[]> files, Vm.Owner owner) {
    return each(
        List.copyOf(files.entrySet()),
        Map.Entry::getKey,
        file -> {
          byte[] body = file.getValue();
          vm.write(file.getKey(), new ByteArrayInputStream(body), body.length, owner);
          return new byte[0];
        });
  }

  private static <T> List<FileOutcome> each(
      List<T> all, Function<T, String> path, Function<T, byte[]> operation) {
    List<FileOutcome> outcomes = new ArrayList<>();
    for (T one : all) {
      try {
        outcomes.add(new FileOutcome.Done(path.apply(one), operation.apply(one)));
      } catch (SandboxException e) {
        // A failure of the VM is one of the whole batch.
        if (e.failure().retryable()) {
          throw e;
        }
        outcomes.add(new FileOutcome.Refused(path.apply(one), e.failure()));
      }
    }
    return List.copyOf(outcomes);
  }
}
