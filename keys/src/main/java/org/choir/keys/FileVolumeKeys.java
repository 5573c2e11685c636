package org.choir.keys;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.core.Text;

/**
 * Keys of volumes wrapped under the tenant's data key, one file each: {@code
 * <tenant>/<volume>.json} in a folder of mode 0700.
 *
 * <p>Forgetting a key removes its file. A copy in a backup still opens with the tenant's data key,
 * and that with the master key; erasing the tenant's data keys makes all of them useless.
 */
public final class FileVolumeKeys implements VolumeKeys {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_-]{0,63}");

  private final Path folder;
  private final DataKeys keys;
  private final SecureRandom random = new SecureRandom();
  private final ReentrantLock lock = new ReentrantLock();

  /**
   * @param folder of this object alone; made when the first key is
   */
  public FileVolumeKeys(Path folder, DataKeys keys) {
    this.folder = folder;
    this.keys = keys;
  }

  @Override
  public byte[] create(TenantId tenant, String volume) {
    Path file = file(tenant, volume);
    byte[] key = new byte[KEY_BYTES];
    random.nextBytes(key);
    Sealed sealed = keys.seal(tenant, key, context(tenant, volume));
    Base64.Encoder base64 = Base64.getEncoder();
    byte[] text =
        Json.pretty(
                Json.object()
                    .put("schema", "choir.volume-key/1")
                    .put("kid", sealed.kid())
                    .put("iv", base64.encodeToString(sealed.iv()))
                    .put("ct", base64.encodeToString(sealed.ct())))
            .getBytes(StandardCharsets.UTF_8);
    lock.lock();
    try {
      if (Files.exists(file)) {
        Arrays.fill(key, (byte) 0);
        throw ChoirException.fatal(
            "volume_key_exists",
            "the volume " + volume + " of " + tenant + " has a key already",
            "forget that one first; what lies on the volume is lost then");
      }
      PrivateFiles.folder(folder);
      PrivateFiles.folder(folder.resolve(tenant.value()));
      PrivateFiles.write(file, text);
      return key;
    } catch (IOException e) {
      throw unusable(file, e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public byte[] fetch(TenantId tenant, String volume) {
    Path file = file(tenant, volume);
    try {
      if (!Files.exists(file)) {
        throw ChoirException.fatal(
            "no_volume_key",
            "there is no key of the volume " + volume + " of " + tenant,
            "put the keys back from a backup (choir restore FILE); without one its data is lost");
      }
      JsonNode json = Json.parse(Files.readAllBytes(file));
      Base64.Decoder base64 = Base64.getDecoder();
      Sealed sealed =
          new Sealed(
              json.required("kid").asText(),
              base64.decode(json.required("iv").asText()),
              base64.decode(json.required("ct").asText()));
      return keys.open(tenant, sealed, context(tenant, volume));
    } catch (IOException e) {
      throw unusable(file, e);
    } catch (IllegalArgumentException e) {
      throw ChoirException.fatal(
          "key_file_damaged",
          file + " cannot be read as the key of a volume",
          "put it back from a backup: choir restore FILE",
          e);
    }
  }

  @Override
  public boolean has(TenantId tenant, String volume) {
    return Files.exists(file(tenant, volume));
  }

  @Override
  public void forget(TenantId tenant, String volume) {
    Path file = file(tenant, volume);
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw unusable(file, e);
    }
  }

  /** Names the folder; never a key. */
  @Override
  public String toString() {
    return "FileVolumeKeys[" + folder + "]";
  }

  private Path file(TenantId tenant, String volume) {
    if (!NAME.matcher(volume).matches()) {
      throw ChoirException.fatal(
          "bad_volume",
          "'" + Text.visible(volume, 70) + "' is no name of a volume",
          "use lower-case letters, digits, _ and -");
    }
    return folder.resolve(tenant.value()).resolve(volume + ".json");
  }

  private static byte[] context(TenantId tenant, String volume) {
    return ("choir volume key\n" + tenant + "\n" + volume).getBytes(StandardCharsets.UTF_8);
  }

  private static ChoirException unusable(Path file, IOException cause) {
    return ChoirException.fatal(
        "key_file_unreadable",
        "cannot read or write " + file + ": " + cause.getMessage(),
        "check the folder's owner, its permissions and the space on its disk",
        cause);
  }
}
