package org.choir.sandbox.firecracker;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.sandbox.SandboxException;

/**
 * Which versions of Firecracker may run a guest: none below the floor, none with a known hole or a
 * defect that costs machines. The data and its reasons are in {@code versions.json}, taken from the
 * advisories and the change log of the project.
 */
public record FirecrackerVersions(
    Version floor, String why, Map<Version, String> refused, Map<Version, String> warned) {
  private static final Pattern FORM =
      Pattern.compile("v?([0-9]{1,4})\\.([0-9]{1,4})\\.([0-9]{1,4})(-.*)?", Pattern.DOTALL);

  public FirecrackerVersions {
    refused = Map.copyOf(refused);
    warned = Map.copyOf(warned);
  }

  /** A released version. */
  public record Version(int major, int minor, int patch) implements Comparable<Version> {
    /** Reads {@code 1.16.2} or {@code v1.16.2}; empty for anything else. */
    public static Optional<Version> parse(String text) {
      Matcher matcher = FORM.matcher(text.strip());
      return matcher.matches() && matcher.group(4) == null
          ? Optional.of(
              new Version(
                  Integer.parseInt(matcher.group(1)),
                  Integer.parseInt(matcher.group(2)),
                  Integer.parseInt(matcher.group(3))))
          : Optional.empty();
    }

    @Override
    public int compareTo(Version other) {
      int order = Integer.compare(major, other.major);
      order = order != 0 ? order : Integer.compare(minor, other.minor);
      return order != 0 ? order : Integer.compare(patch, other.patch);
    }

    @Override
    public String toString() {
      return major + "." + minor + "." + patch;
    }
  }

  /** The list this program was built with. */
  public static FirecrackerVersions builtIn() {
    try (InputStream in =
        Objects.requireNonNull(FirecrackerVersions.class.getResourceAsStream("versions.json"))) {
      return parse(Json.parse(in.readAllBytes()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static FirecrackerVersions parse(JsonNode json) {
    return new FirecrackerVersions(
        version(json.path("floor")),
        json.path("why").asText(),
        rows(json.path("refused")),
        rows(json.path("warned")));
  }

  private static Map<Version, String> rows(JsonNode rows) {
    Map<Version, String> all = new LinkedHashMap<>();
    rows.forEach(row -> all.put(version(row.path("version")), row.path("why").asText()));
    return all;
  }

  private static Version version(JsonNode text) {
    return Version.parse(text.asText())
        .orElseThrow(() -> new IllegalStateException("versions.json: " + text));
  }

  /**
   * Lets a version pass or refuses it.
   *
   * @param said what the program says of itself; a build that is no release is refused too
   * @return what is to be warned of; empty if nothing
   * @throws SandboxException {@code vmm_version}
   */
  public Optional<String> require(String said) {
    Version version =
        Version.parse(said)
            .orElseThrow(
                () -> refusal(Text.visible(said, 40), "it is no released version that is known"));
    if (version.compareTo(floor) < 0) {
      throw refusal(version.toString(), why);
    }
    String hole = refused.get(version);
    if (hole != null) {
      throw refusal(version.toString(), hole);
    }
    return Optional.ofNullable(warned.get(version)).map(w -> "Firecracker " + version + ": " + w);
  }

  private SandboxException refusal(String version, String reason) {
    return SandboxException.lasting(
        "vmm_version",
        "Firecracker " + version + " runs no guest of ours: " + reason,
        "install a version from " + floor + " on that is not in the list of refused ones");
  }
}
