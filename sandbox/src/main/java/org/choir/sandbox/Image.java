package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/**
 * What a VM boots: kernel, initial RAM disk and root file system of one build.
 *
 * @param recipe the digest of all that went into it
 */
public record Image(Path kernel, Path initrd, Path root, String recipe) {
  private static final String BUILD = "build it with: guest/build-image";

  /** The image of a machine that runs: it has its files open, whatever lies in the folder now. */
  static Image at(Path folder, String recipe) {
    return new Image(
        folder.resolve("vmlinuz"),
        folder.resolve("initrd.img"),
        folder.resolve("root.img"),
        recipe);
  }

  /**
   * Checks that a folder holds an image whose agent speaks this host's protocol.
   *
   * @throws SandboxException {@code no_image}, {@code image_mismatch}
   */
  static Image in(Path folder) {
    Path manifest = folder.resolve("manifest.json");
    JsonNode json;
    try {
      json = Json.parseObject(Files.readString(manifest));
    } catch (IOException | ChoirException e) {
      throw SandboxException.lasting("no_image", "there is no guest image in " + folder, BUILD, e);
    }
    Image image = at(folder, json.path("recipe").asText());
    for (Path part : new Path[] {image.kernel, image.initrd, image.root}) {
      if (!Files.isReadable(part)) {
        throw SandboxException.lasting(
            "no_image", "the guest image has no readable " + part, BUILD, null);
      }
    }
    int min = json.path("protocolMin").asInt(-1);
    int max = json.path("protocolMax").asInt(-1);
    if (min > Frame.PROTOCOL || max < Frame.PROTOCOL_MIN) {
      throw SandboxException.lasting(
          "image_mismatch",
          "the guest image in %s speaks protocol %d to %d, this server %d to %d"
              .formatted(folder, min, max, Frame.PROTOCOL_MIN, Frame.PROTOCOL),
          BUILD);
    }
    return image;
  }
}
