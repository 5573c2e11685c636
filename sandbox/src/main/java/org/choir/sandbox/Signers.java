package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.choir.core.Action;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.AuditSink;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.core.Gate;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.core.TenantId;
import org.choir.core.Verdict;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The users' signing keys. Each user has one signer: a small VM that runs no tools, carries the
 * user's encrypted signer volume and answers nothing but requests for that volume and that key. The
 * Ed25519 key is made there, lies there sealed under the volume's secret, and exists in the open
 * only in a process that lives for one signature.
 *
 * <p>A signer that dies is booted again and signs with the same key, since the volume has it. If
 * the volume or its secret is lost, so is the key: the old public key is marked as lost, a new one
 * is made, and whoever asked is told.
 */
public final class Signers implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Signers.class);
  private static final long VOLUME_BYTES = 16L << 20;
  private static final int MEMORY_MIB = 128;
  private static final int OVERLAY_MIB = 16;
  private static final int BURST = 20;
  private static final int PER_SECOND = 5;
  private static final String GIVE_UP =
      "put the volume and its key back from a backup (choir restore FILE), or give the key up and"
          + " make a new one: choir vm key --new";

  private final Sandboxes sandboxes;
  private final Volumes volumes;
  private final SigningKeys registry;
  private final Gate gate;
  private final AuditSink audit;
  private final InstantSource clock;
  private final SigningPace pace;
  private final Map<TenantId, ReentrantLock> locks = new ConcurrentHashMap<>();

  /**
   * A signature.
   *
   * @param signature 64 bytes over {@link Signing#signedBytes}
   * @param notice what the user must be told; empty if nothing
   */
  public record Signed(SigningKey key, byte[] signature, Optional<String> notice) {}

  /** A signer that is ready to sign. */
  private record Ready(Vm vm, Volume volume, SigningKey key, Optional<String> notice) {}

  /**
   * @param sandboxes where signers live; their host must be able to hold keys
   * @param folder for the list of public keys
   * @param gate decides each signature, as the operation {@code vm.sign}
   * @param audit has recorded a signature before anybody gets it
   */
  public Signers(
      Sandboxes sandboxes,
      Volumes volumes,
      Path folder,
      Gate gate,
      AuditSink audit,
      InstantSource clock) {
    this.sandboxes = sandboxes;
    this.volumes = volumes;
    this.registry = new SigningKeys(folder);
    this.gate = gate;
    this.audit = audit;
    this.clock = clock;
    this.pace = new SigningPace(BURST, PER_SECOND, clock);
  }

  /** The id of a user's signer. */
  public static String id(TenantId tenant) {
    return "signer-" + tenant;
  }

  /** All keys that ever signed for this user, oldest first. */
  public List<SigningKey> keys(TenantId tenant) {
    return registry.of(tenant);
  }

  /** The user's active key; the first call makes it. */
  public SigningKey key(TenantId tenant) {
    return locked(tenant, () -> registry.active(tenant).orElseGet(() -> ready(tenant).key()));
  }

  /** Gives the user's key up, whatever state it is in, and makes a new one. */
  public SigningKey replace(TenantId tenant) {
    return locked(
        tenant,
        () -> {
          registry.active(tenant).ifPresent(key -> lose(tenant, key, "given up"));
          discard(tenant);
          return ready(tenant).key();
        });
  }

  /**
   * Makes a signature.
   *
   * @throws SandboxException {@code sign_rate}, {@code sign_denied}, {@code sign_held}, {@code
   *     unsupported} where VMs may hold no keys, {@code signing_key_changed} if the volume holds
   *     another key than the recorded one, {@code wrong_volume_key}, {@code volume_damaged}, {@code
   *     signing_key_damaged}, and those of a VM's start
   */
  public Signed sign(Signing signing) {
    pace.take(signing.tenant());
    String rule = permitted(signing);
    return locked(
        signing.tenant(),
        () -> {
          Signed signed = signed(signing);
          record(
              signing.tenant(),
              signing.agent(),
              "vm.signed",
              Json.object()
                  .put("vm", id(signing.tenant()))
                  .put("key", signed.key().base64())
                  .put("context", signing.context())
                  .put("form", signing.form().word())
                  .put("digest", signing.digest().hex())
                  .put("rule", rule));
          return signed;
        });
  }

  private String permitted(Signing signing) {
    ObjectNode arguments =
        Json.object()
            .put("context", signing.context())
            .put("form", signing.form().word())
            .put("digest", signing.digest().hex());
    // The same message always has the same signature.
    ReplayClass keyed = ReplayClass.KEYED;
    Action action =
        new Action(
            signing.tenant(), signing.agent(), signing.actionId(), "vm.sign", arguments, keyed);
    Verdict verdict = gate.decide(action);
    if (!(verdict instanceof Verdict.Allow || verdict instanceof Verdict.Replay)) {
      Instant now = Instant.ofEpochMilli(clock.millis());
      audit.record(
          AuditEvent.decided(action, verdict, "", now)); // a signature tells its rule itself
    }
    return switch (verdict) {
      case Verdict.Allow allow -> allow.rule();
      case Verdict.Replay replay -> replay.rule();
      case Verdict.Deny deny ->
          throw SandboxException.lasting(
              "sign_denied", "this is not signed: " + deny.reason(), "rule " + deny.rule());
      case Verdict.Hold hold -> throw held(hold.reason(), hold.rule());
      case Verdict.OrderAfter after ->
          throw held("the action " + after.actionId() + " comes first", after.rule());
    };
  }

  private static SandboxException held(String reason, String rule) {
    return new SandboxException(
        new Failure(
            "sign_held",
            "this is not signed yet: " + reason,
            "rule " + rule,
            ExitStatus.WAITING,
            true),
        null);
  }

  private Signed signed(Signing signing) {
    try {
      return attempt(signing);
    } catch (SandboxException e) {
      if (!e.failure().retryable()) {
        throw e;
      }
      // Its VM was lost on the way. A second signature of the same message is the same signature.
      LOG.warn("{}: {}; trying once more", id(signing.tenant()), e.getMessage());
      return attempt(signing);
    }
  }

  private Signed attempt(Signing signing) {
    Ready ready = ready(signing.tenant());
    JsonNode said =
        volumes.ask(
            ready.vm(),
            ready.volume(),
            Json.object()
                .put("op", "sign")
                .put("context", signing.context())
                .put("form", signing.form().word()),
            signing.message());
    byte[] signature = bytes(said, "signature");
    if (!ready.key().verifies(signing.signedBytes(), signature)) {
      throw SandboxException.lasting(
          "bad_signature",
          "the signer of " + signing.tenant() + " made a signature that does not verify",
          GIVE_UP);
    }
    return new Signed(ready.key(), signature, ready.notice());
  }

  private Ready ready(TenantId tenant) {
    VmHost host = sandboxes.host();
    if (!host.capabilities().contains(Capability.HOLDS_KEYS)) {
      throw SandboxException.lasting(
          "unsupported",
          "VMs of " + host.name() + " must hold no keys",
          "signing needs VMs of this machine: sandbox.driver: qemu");
    }
    Optional<SigningKey> active = registry.active(tenant);
    Optional<Volume> known = volumes.find(tenant, Volume.SIGNER);
    boolean whole = known.filter(volumes::hasKey).isPresent();
    Optional<String> notice = Optional.empty();
    if (!whole) {
      if (active.isPresent()) {
        notice = Optional.of(lose(tenant, active.get(), "its volume or its secret is gone"));
        active = Optional.empty();
      }
      discard(tenant);
    }
    Volume volume = volumes.obtain(tenant, Volume.SIGNER, VOLUME_BYTES);
    Vm vm = obtain(tenant, volume);
    try {
      volumes.unlock(vm, volume);
      Optional<String> held = publicKey(vm);
      if (held.isEmpty() && active.isPresent()) {
        notice = Optional.of(lose(tenant, active.get(), "its volume holds it no more"));
        active = Optional.empty();
      }
      String base64 = held.isPresent() ? held.get() : make(tenant, vm, volume);
      SigningKey key =
          active.isPresent() ? active.get() : registry.add(tenant, base64, clock.millis());
      if (!key.base64().equals(base64)) {
        throw SandboxException.lasting(
            "signing_key_changed",
            "the signer of " + tenant + " holds the key " + base64 + ", not " + key.base64(),
            GIVE_UP);
      }
      return new Ready(vm, volume, key, notice);
    } catch (SandboxException e) {
      throw switch (e.code()) {
        case "wrong_volume_key", "volume_damaged", "signing_key_damaged" ->
            SandboxException.lasting(
                e.code(), "the signer of " + tenant + ": " + e.getMessage(), GIVE_UP, e);
        default -> e;
      };
    }
  }

  private Vm obtain(TenantId tenant, Volume volume) {
    return sandboxes.obtain(
        new VmSpec(
            id(tenant),
            tenant,
            VmSpec.Role.SIGNER,
            1,
            MEMORY_MIB,
            OVERLAY_MIB,
            List.of(volume.disk())));
  }

  private static Optional<String> publicKey(Vm vm) {
    try {
      return Optional.of(
          base64(bytes(vm.keep(Json.object().put("op", "key.public"), null), "public")));
    } catch (SandboxException e) {
      if (e.code().equals("no_signing_key")) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private String make(TenantId tenant, Vm vm, Volume volume) {
    JsonNode said = volumes.ask(vm, volume, Json.object().put("op", "key.make"), new byte[0]);
    String base64 = base64(bytes(said, "public"));
    LOG.info("{} made the key {}", id(tenant), base64);
    record(tenant, Signing.PERSON, "vm.key_made", key(tenant, base64));
    return base64;
  }

  private String lose(TenantId tenant, SigningKey key, String why) {
    String notice =
        "the signing key "
            + key.base64()
            + " of "
            + tenant
            + " is lost ("
            + why
            + "); its signatures stay valid, and a new key is made";
    LOG.warn("{}", notice);
    registry.lose(tenant, clock.millis());
    record(tenant, Signing.PERSON, "vm.key_lost", key(tenant, key.base64()).put("reason", why));
    return notice;
  }

  private void discard(TenantId tenant) {
    sandboxes.destroy(id(tenant));
    volumes.destroy(tenant, Volume.SIGNER);
  }

  /** Suspends the signers that were used, so that none outlives this server running. */
  @Override
  public void close() {
    for (TenantId tenant : locks.keySet()) {
      boolean runs =
          sandboxes.list().stream()
              .anyMatch(vm -> vm.id().equals(id(tenant)) && vm.phase() == VmInfo.Phase.RUNNING);
      if (runs) {
        try {
          sandboxes.suspend(id(tenant));
        } catch (SandboxException e) {
          LOG.warn("{} is ended, since it cannot be suspended: {}", id(tenant), e.getMessage());
          sandboxes.destroy(id(tenant)); // its key is on its volume
        }
      }
    }
  }

  private static ObjectNode key(TenantId tenant, String base64) {
    return Json.object().put("vm", id(tenant)).put("key", base64);
  }

  private void record(TenantId tenant, AgentId agent, String kind, ObjectNode data) {
    audit.record(new AuditEvent(tenant, Instant.ofEpochMilli(clock.millis()), kind, agent, data));
  }

  private static byte[] bytes(JsonNode said, String field) {
    try {
      byte[] bytes = said.path(field).binaryValue();
      if (bytes != null && bytes.length <= 64) {
        return bytes;
      }
    } catch (IOException e) {
      LOG.debug("a signer's answer is no base64", e);
    }
    throw SandboxException.lasting(
        "bad_signature", "a signer answered something else than its " + field, GIVE_UP);
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private interface Work<T> {
    T done();
  }

  private <T> T locked(TenantId tenant, Work<T> work) {
    ReentrantLock lock = locks.computeIfAbsent(tenant, t -> new ReentrantLock());
    lock.lock();
    try {
      return work.done();
    } finally {
      lock.unlock();
    }
  }
}
