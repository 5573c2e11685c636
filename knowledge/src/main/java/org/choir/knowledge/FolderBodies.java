package org.choir.knowledge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.choir.core.Digest;

/**
 * Bodies as files of a folder, each under its digest with the ending {@code .md}: what a reader of
 * documents can be pointed at. Thread-safe.
 */
public final class FolderBodies implements Bodies {
  private final Path folder;

  public FolderBodies(Path folder) {
    this.folder = folder;
  }

  /** Where a body lies, or would. */
  public Path file(Digest digest) {
    return folder.resolve(digest.hex() + ".md");
  }

  @Override
  public void put(Digest digest, byte[] body) {
    Path file = file(digest);
    if (Files.exists(file)) {
      return;
    }
    try {
      Files.createDirectories(folder);
      Path fresh = Files.createTempFile(folder, "body", ".tmp");
      Files.write(fresh, body);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw Disk.failure("store the body " + file, e);
    }
  }

  @Override
  public Optional<byte[]> get(Digest digest) {
    try {
      byte[] body = Files.readAllBytes(file(digest));
      return Digest.of(body).equals(digest) ? Optional.of(body) : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw Disk.failure("read the body " + file(digest), e);
    }
  }
}
