package org.choir.audit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.keys.PrivateFiles;

/**
 * Anchors in files, one each, {@code <folder>/<log>/<size>.anchor}; best on another machine's mount
 * or a medium that is taken away.
 */
public final class AnchorFiles implements AnchorStore {
  private static final String SUFFIX = ".anchor";
  private static final long FILE_MAX = 1_000_000;
  private final Path folder;
  private final String kind;

  public AnchorFiles(Path folder) {
    this(folder, "file");
  }

  /**
   * Files under another store's name.
   *
   * @param kind of the store that keeps its evidence here
   */
  public AnchorFiles(Path folder, String kind) {
    this.folder = folder;
    this.kind = kind;
  }

  @Override
  public String kind() {
    return kind;
  }

  @Override
  public String protects() {
    return "A file shows a rollback or a rewritten log as long as whoever changed the log could not"
        + " also change this folder. It does not protect against an administrator of both; take the"
        + " folder away, or mount it from a machine with another administrator.";
  }

  @Override
  public void put(Anchor anchor, AnchorProofs proofs) {
    put(anchor);
  }

  /** Stores the anchor with the evidence it has. */
  public void put(Anchor anchor) {
    Path place = place(anchor.origin());
    Path file = place.resolve(anchor.size() + SUFFIX);
    var json =
        Json.object()
            .put("note", anchor.note())
            .put("evidence", Base64.getEncoder().encodeToString(anchor.evidence()));
    byte[] content = Json.pretty(json).getBytes(StandardCharsets.UTF_8);
    try {
      PrivateFiles.folder(place);
      // Under another name first: a crash leaves no half anchor that could not be put again.
      Path fresh = place.resolve(anchor.size() + SUFFIX + ".new");
      Files.deleteIfExists(fresh);
      try (FileChannel out =
          FileChannel.open(fresh, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        ByteBuffer rest = ByteBuffer.wrap(content);
        while (rest.hasRemaining()) {
          out.write(rest);
        }
        out.force(true);
      }
      try {
        // A link, unlike a rename, fails where there is a file.
        Files.createLink(file, fresh);
      } finally {
        Files.delete(fresh);
      }
      try (FileChannel names = FileChannel.open(place, StandardOpenOption.READ)) {
        names.force(true);
      }
    } catch (FileAlreadyExistsException e) {
      throw AnchorException.exists(kind, anchor, e);
    } catch (IOException e) {
      throw AnchorException.unreachable(kind, e.toString(), e);
    }
  }

  @Override
  public List<Anchor> all(String origin) {
    Path place = place(origin);
    if (!Files.isDirectory(place)) {
      return List.of();
    }
    List<Anchor> anchors = new ArrayList<>();
    try (Stream<Path> files = Files.list(place)) {
      List<Path> sorted =
          files
              .filter(f -> f.getFileName().toString().matches("[0-9]{1,19}\\.anchor"))
              .sorted(Comparator.comparing(AnchorFiles::size))
              .toList();
      for (Path file : sorted) {
        anchors.add(read(file));
      }
    } catch (IOException e) {
      throw AnchorException.unreachable(kind, e.toString(), e);
    }
    return anchors;
  }

  private static Anchor read(Path file) throws IOException {
    if (Files.size(file) > FILE_MAX) {
      throw LogException.malformed("bad_anchor", file + " is too large for an anchor");
    }
    try {
      var json = Json.parseObject(Files.readString(file));
      return Anchor.parse(
          json.path("note").asText(), Base64.getDecoder().decode(json.path("evidence").asText()));
    } catch (org.choir.core.ChoirException | IllegalArgumentException e) {
      throw LogException.malformed("bad_anchor", file + " is no anchor: " + e.getMessage());
    }
  }

  private static java.math.BigInteger size(Path file) {
    String name = file.getFileName().toString();
    return new java.math.BigInteger(name.substring(0, name.length() - SUFFIX.length()));
  }

  private Path place(String origin) {
    String readable = origin.replaceAll("[^A-Za-z0-9._-]", "_");
    return folder.resolve(readable + "-" + Digest.of(origin).prefix(16));
  }
}
