package org.choir.keys;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import javax.crypto.AEADBadTagException;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.jspecify.annotations.Nullable;

/**
 * Data keys wrapped under a master key that lies in a file: {@code master.key} (32 random bytes,
 * mode 0600) and {@code data-keys.json} (the tenants' keys, AES-256-GCM under it) in one folder of
 * mode 0700. A tenant's first key appears with its first use. Several processes may use one folder.
 *
 * <p>Erasing a tenant removes its wrapped keys from the file; a copy in a backup, or a block that
 * the disk has not reused yet, still opens with the master key.
 */
public final class FileDataKeys implements DataKeys {
  private static final byte[] CHECK = "choir master key".getBytes(StandardCharsets.UTF_8);

  /** File locks hold between processes only; this one holds between the objects of this process. */
  private static final ReentrantLock UPDATING = new ReentrantLock();

  private final SecureRandom random = new SecureRandom();
  private final Path master;
  private final Path wrapped;
  private final Path lock;
  private final SecretKey masterKey;
  private final Map<String, SecretKey> unwrapped = new ConcurrentHashMap<>();
  private volatile WrappedKeys keys;

  private FileDataKeys(Path folder) throws IOException {
    PrivateFiles.folder(folder);
    this.master = folder.resolve("master.key");
    this.wrapped = folder.resolve("data-keys.json");
    this.lock = folder.resolve("lock");
    UPDATING.lock();
    try (FileChannel channel = lockFile();
        FileLock held = channel.lock()) {
      requirePrivate(folder, "chmod 700 ");
      this.masterKey = readOrCreateMaster();
      if (Files.exists(wrapped)) {
        this.keys = read();
      } else {
        Sealed check = AesGcm.seal(random, masterKey, "check", CHECK, CHECK);
        this.keys = new WrappedKeys(check, Map.of());
        PrivateFiles.write(wrapped, keys.bytes());
      }
    } finally {
      UPDATING.unlock();
    }
    checkMaster();
  }

  /**
   * Opens the folder's keys, making folder and master key if there are none yet.
   *
   * @throws ChoirException {@code key_file_lost} if there are wrapped keys but not their master
   *     key, {@code key_file_unsafe} if others may read it, {@code key_file_damaged}, {@code
   *     newer_schema}, {@code key_file_unreadable}
   */
  public static FileDataKeys open(Path folder) {
    try {
      return new FileDataKeys(folder.toAbsolutePath());
    } catch (IOException e) {
      throw unreadable(folder, e);
    }
  }

  @Override
  public Sealed seal(TenantId tenant, byte[] plain, byte[] associated) {
    Sealed current = current(tenant);
    if (current == null) {
      // Another thread or process may have been faster: then its key is the tenant's first.
      update(now -> now.of(tenant).isEmpty() ? now.with(tenant, freshKey(tenant)) : now);
      current = keys.of(tenant).getLast();
    }
    return AesGcm.seal(random, unwrap(tenant, current), current.kid(), plain, associated);
  }

  @Override
  public byte[] open(TenantId tenant, Sealed sealed, byte[] associated) {
    Sealed key = find(tenant, sealed.kid());
    if (key == null) {
      update(now -> now); // another process may have made it meanwhile
      key = find(tenant, sealed.kid());
    }
    if (key == null) {
      boolean another =
          keys.tenants().values().stream()
              .flatMap(List::stream)
              .anyMatch(each -> each.kid().equals(sealed.kid()));
      throw another ? notAuthentic(tenant, sealed.kid(), null) : unknown(tenant, sealed.kid());
    }
    try {
      return AesGcm.open(unwrap(tenant, key), sealed, associated);
    } catch (AEADBadTagException e) {
      throw notAuthentic(tenant, sealed.kid(), e);
    }
  }

  /** Gives the tenant a new current key; what was sealed under older ones still opens. */
  public void rotate(TenantId tenant) {
    update(now -> now.with(tenant, freshKey(tenant)));
  }

  /** Forgets all keys of the tenant: what was sealed under them can never be opened again. */
  public void eraseTenant(TenantId tenant) {
    List<Sealed> gone = keys.of(tenant);
    update(now -> now.without(tenant));
    gone.forEach(key -> unwrapped.remove(key.kid()));
  }

  /** Names the folder; never a key. */
  @Override
  public String toString() {
    return "FileDataKeys[" + master.getParent() + "]";
  }

  private @Nullable Sealed current(TenantId tenant) {
    List<Sealed> all = keys.of(tenant);
    return all.isEmpty() ? null : all.getLast();
  }

  private @Nullable Sealed find(TenantId tenant, String kid) {
    for (Sealed each : keys.of(tenant)) {
      if (each.kid().equals(kid)) {
        return each;
      }
    }
    return null;
  }

  private Sealed freshKey(TenantId tenant) {
    byte[] key = new byte[AesGcm.KEY_BYTES];
    random.nextBytes(key);
    byte[] id = new byte[6];
    random.nextBytes(id);
    String kid = "k" + HexFormat.of().formatHex(id);
    return AesGcm.seal(random, masterKey, kid, key, wrapContext(tenant, kid));
  }

  private SecretKey unwrap(TenantId tenant, Sealed key) {
    SecretKey known = unwrapped.get(key.kid());
    if (known != null) {
      return known;
    }
    try {
      byte[] bytes = AesGcm.open(masterKey, key, wrapContext(tenant, key.kid()));
      SecretKey opened = new SecretKeySpec(bytes, "AES");
      unwrapped.put(key.kid(), opened);
      return opened;
    } catch (AEADBadTagException e) {
      throw ChoirException.fatal(
          "key_file_damaged",
          "the key " + key.kid() + " of " + tenant + " in " + wrapped + " has been changed",
          "restore the folder " + master.getParent() + " from a backup: choir restore FILE",
          e);
    }
  }

  private static byte[] wrapContext(TenantId tenant, String kid) {
    return ("choir data key\n" + tenant + "\n" + kid).getBytes(StandardCharsets.UTF_8);
  }

  /** Applies a change to the newest content of the file, one process and thread at a time. */
  private void update(UnaryOperator<WrappedKeys> change) {
    UPDATING.lock();
    try (FileChannel channel = lockFile();
        FileLock held = channel.lock()) {
      WrappedKeys before = read();
      WrappedKeys after = change.apply(before);
      if (!after.equals(before)) {
        PrivateFiles.write(wrapped, after.bytes());
      }
      keys = after;
    } catch (IOException e) {
      throw unreadable(wrapped, e);
    } finally {
      UPDATING.unlock();
    }
  }

  private FileChannel lockFile() throws IOException {
    return FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  private WrappedKeys read() throws IOException {
    return WrappedKeys.parse(Files.readAllBytes(wrapped), wrapped.toString());
  }

  private SecretKey readOrCreateMaster() throws IOException {
    if (!Files.exists(master)) {
      if (Files.exists(wrapped)) {
        throw lost("is missing", null);
      }
      byte[] fresh = new byte[AesGcm.KEY_BYTES];
      random.nextBytes(fresh);
      PrivateFiles.write(master, fresh);
    }
    requirePrivate(master, "chmod 600 ");
    byte[] bytes = Files.readAllBytes(master);
    if (bytes.length != AesGcm.KEY_BYTES) {
      throw lost("has " + bytes.length + " bytes in place of " + AesGcm.KEY_BYTES, null);
    }
    return new SecretKeySpec(bytes, "AES");
  }

  private void checkMaster() {
    try {
      AesGcm.open(masterKey, keys.check(), CHECK);
    } catch (AEADBadTagException e) {
      throw lost("is not the one that the keys in " + wrapped + " were wrapped with", e);
    }
  }

  private ChoirException lost(String how, @Nullable Throwable cause) {
    return ChoirException.fatal(
        "key_file_lost",
        "the master key " + master + " " + how + "; nothing stored can be read without it",
        "put the file back from a backup (choir restore FILE); if there is none, the data is lost:"
            + " move the whole CHOIR_HOME away and start anew",
        cause);
  }

  private static void requirePrivate(Path path, String mend) throws IOException {
    if (!PrivateFiles.isPrivate(path)) {
      throw ChoirException.fatal(
          "key_file_unsafe",
          "other users of this machine may read " + path,
          mend + path + " (and think about who may have read it)");
    }
  }

  private static ChoirException unreadable(Path path, IOException cause) {
    return ChoirException.fatal(
        "key_file_unreadable",
        "cannot read or write " + path + ": " + cause.getMessage(),
        "check the folder's owner, its permissions and the space on its disk",
        cause);
  }

  private static ChoirException unknown(TenantId tenant, String kid) {
    return ChoirException.fatal(
        "unknown_key",
        "there is no key " + kid + " of " + tenant + "; it was erased, or its file is an older one",
        "if it was not erased on purpose, restore the keys from a backup: choir restore FILE");
  }

  private static ChoirException notAuthentic(
      TenantId tenant, String kid, @Nullable Throwable cause) {
    return ChoirException.fatal(
        "not_authentic",
        "what is stored under the key " + kid + " is not what " + tenant + " stored there",
        "restore the data from a backup: choir restore FILE",
        cause);
  }
}
