package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.NamedParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.AuditEvent;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.core.Verdict;
import org.choir.keys.FileVolumeKeys;
import org.choir.keys.VolumeKeys;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** A user's signing key in a real signer; the tests tell one signer's life, in order. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SignerTest {
  private static final TenantId ADA = new TenantId("ada");
  private static final byte[] WORDS = "a report".getBytes(StandardCharsets.UTF_8);

  @TempDir static Path folder;
  private static final List<AuditEvent> AUDIT = new CopyOnWriteArrayList<>();
  private static Sandboxes room;
  private static VolumeKeys keys;
  private static Volumes volumes;
  private static Signers signers;
  private static SigningKey first;

  @BeforeAll
  static void open() {
    room = TestImage.open(TestImage.options(folder.resolve("vms")), InstantSource.system());
    keys = new FileVolumeKeys(folder.resolve("volume-keys"), TestImage.keys(folder));
    volumes = new Volumes(folder.resolve("volumes"), keys);
    signers =
        new Signers(
            room,
            volumes,
            folder.resolve("signers"),
            action ->
                switch (action.arguments().path("context").asText()) {
                  case "forbidden" -> new Verdict.Deny("test.deny", "nobody signs this");
                  case "ask" -> new Verdict.Hold("test.hold", "a person decides");
                  default -> new Verdict.Allow("test.allow");
                },
            AUDIT::add,
            InstantSource.system());
    first = signers.key(ADA);
  }

  @AfterAll
  static void stop() {
    room.list().forEach(info -> room.destroy(info.id()));
    room.close();
  }

  private static Signing signing(String context, byte[] message) {
    return new Signing(ADA, Signing.PERSON, "rperson:1:0", context, Signing.Form.BYTES, message);
  }

  @Test
  @Order(1)
  void signsSoThatAnybodyCanVerifyIt() throws Exception {
    AUDIT.clear();
    Signers.Signed signed = signers.sign(signing("report/v1", WORDS));
    assertThat(signed.key()).isEqualTo(first);
    assertThat(signed.notice()).isEmpty();
    // As somebody would who knows the documentation only.
    byte[] over = "choir signature 1\nreport/v1\nbytes\na report".getBytes(StandardCharsets.UTF_8);
    assertThat(verifies(first.base64(), over, signed.signature())).isTrue();
    assertThat(verifies(first.base64(), WORDS, signed.signature())).isFalse();
    over[over.length - 1] ^= 1;
    assertThat(verifies(first.base64(), over, signed.signature())).isFalse();
    assertThat(AUDIT)
        .singleElement()
        .satisfies(
            event -> {
              assertThat(event.kind()).isEqualTo("vm.signed");
              assertThat(event.data().path("digest").asText()).isEqualTo(Digest.of(WORDS).hex());
              assertThat(event.data().path("rule").asText()).isEqualTo("test.allow");
              assertThat(event.data().path("key").asText()).isEqualTo(first.base64());
            });
    // RFC 8032 signatures are deterministic, so a retry is no second signature.
    assertThat(signers.sign(signing("report/v1", WORDS)).signature()).isEqualTo(signed.signature());
  }

  @Test
  @Order(2)
  void aSignatureForOneThingIsOfNoUseForAnother() throws Exception {
    byte[] digest = java.util.HexFormat.of().parseHex(Digest.of(WORDS).hex());
    Signers.Signed one =
        signers.sign(
            new Signing(ADA, Signing.PERSON, "x", "report/v1", Signing.Form.SHA256, digest));
    assertThat(first.verifies(signing("report/v1", digest).signedBytes(), one.signature()))
        .isFalse();
    Signers.Signed other = signers.sign(signing("citation/v1", WORDS));
    assertThat(first.verifies(signing("report/v1", WORDS).signedBytes(), other.signature()))
        .isFalse();
    refused("bad_context", () -> signing("two\nlines", WORDS));
    refused("bad_message", () -> signing("report/v1", new byte[(64 << 10) + 1]));
    assertThat(signers.sign(signing("report/v1", new byte[64 << 10])).signature()).hasSize(64);
    Signing chain = new Signing(ADA, Signing.PERSON, "x", "sui/v1", Signing.Form.BARE, digest);
    assertThat(verifies(first.base64(), digest, signers.sign(chain).signature())).isTrue();
    // What would be a signature with a context is not to be had without one.
    byte[] forged = signing("a", "forged".getBytes(StandardCharsets.UTF_8)).signedBytes();
    assertThat(forged).hasSize(32);
    refused(
        "bad_message", () -> new Signing(ADA, Signing.PERSON, "x", "a", Signing.Form.BARE, forged));
  }

  @Test
  @Order(3)
  void theGateDecides() {
    AUDIT.clear();
    refused("sign_denied", () -> signers.sign(signing("forbidden", WORDS)));
    refused("sign_held", () -> signers.sign(signing("ask", WORDS)));
    assertThat(AUDIT).extracting(AuditEvent::kind).containsOnly("action.decided");
    assertThat(AUDIT)
        .extracting(e -> e.data().path("verdict").asText())
        .containsExactly("DENY", "HOLD");
  }

  @Test
  @Order(3)
  void aSignatureThatIsNotRecordedIsNotGivenOut() {
    Signers unheard =
        new Signers(
            room,
            volumes,
            folder.resolve("signers"),
            action -> new Verdict.Allow("test"),
            event -> {
              throw ChoirException.fatal("audit_down", "nobody records", "");
            },
            InstantSource.system());
    refused("audit_down", () -> unheard.sign(signing("report/v1", WORDS)));
  }

  @Test
  @Order(4)
  void aSignerRunsNoToolsWhateverTheHostAsks() {
    Vm vm = room.find(Signers.id(ADA)).orElseThrow();
    refused("role_refused", () -> Shell.run(vm, "true"));
    refused("role_refused", () -> vm.list("/", false));
    refused("role_refused", () -> vm.stat("/volume/signing-key.json"));
    refused(
        "role_refused",
        () ->
            vm.read("/volume/signing-key.json", 0, 1000, java.io.OutputStream.nullOutputStream()));
    refused("role_refused", () -> vm.delete("/volume/signing-key.json"));
    refused("role_refused", () -> vm.makeDirectory("/tmp/x", new Vm.Owner(1000, 0755)));
    refused("role_refused", () -> vm.keep(Json.object().put("op", "shell"), null));
    ObjectNode make = Json.object().put("op", "key.make");
    refused("key_exists", () -> vm.keep(make, keys.fetch(ADA, Volume.SIGNER)));
    // Without the volume's secret the agent, and who holds it, cannot sign.
    ObjectNode sign =
        Json.object().put("op", "sign").put("context", "report/v1").put("form", "bytes");
    refused("signing_key_damaged", () -> vm.keep(sign, new byte[VolumeKeys.KEY_BYTES]));
  }

  @Test
  @Order(5)
  void goesOnAfterASuspendWithTheSameKey() throws Exception {
    room.suspend(Signers.id(ADA));
    assertThat(room.list().getFirst().state()).isEqualTo("suspended");
    Signers.Signed signed = signers.sign(signing("report/v1", WORDS));
    assertThat(signed.key()).isEqualTo(first);
    assertThat(
            verifies(first.base64(), signing("report/v1", WORDS).signedBytes(), signed.signature()))
        .isTrue();
  }

  @Test
  @Order(6)
  void aLostVmIsNoLostKey() {
    Vm vm = room.find(Signers.id(ADA)).orElseThrow();
    HypervisorProcess process = HypervisorProcess.of(vm.pid()).orElseThrow();
    process.kill();
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> !(room.host().find(Signers.id(ADA)).orElse(null) instanceof VmState.Running));
    Signers.Signed signed = signers.sign(signing("report/v1", WORDS));
    assertThat(signed.key()).isEqualTo(first);
    assertThat(signed.notice()).isEmpty();
  }

  @Test
  @Order(7)
  void aLostVolumeIsALostKeyAndThatIsSaid() throws Exception {
    AUDIT.clear();
    Files.delete(volumes.find(ADA, Volume.SIGNER).orElseThrow().file());
    Signers.Signed signed = signers.sign(signing("report/v1", WORDS));
    assertThat(signed.key()).isNotEqualTo(first);
    assertThat(signed.notice().orElseThrow()).contains(first.base64()).contains("lost");
    assertThat(signers.keys(ADA)).hasSize(2);
    assertThat(signers.keys(ADA).getFirst().base64()).isEqualTo(first.base64());
    assertThat(signers.keys(ADA)).extracting(SigningKey::state).containsExactly("lost", "active");
    assertThat(AUDIT)
        .extracting(AuditEvent::kind)
        .containsExactly("vm.key_lost", "vm.key_made", "vm.signed");
  }

  @Test
  @Order(8)
  void aSecretOfAnotherIsRefusedAndTheKeyIsNotGivenUp() {
    room.destroy(Signers.id(ADA));
    FileVolumeKeys others =
        new FileVolumeKeys(folder.resolve("o-keys"), TestImage.keys(folder.resolve("o")));
    others.create(ADA, Volume.SIGNER);
    Signers confused =
        new Signers(
            room,
            new Volumes(folder.resolve("volumes"), others),
            folder.resolve("signers"),
            action -> new Verdict.Allow("test"),
            AUDIT::add,
            InstantSource.system());
    assertThatThrownBy(() -> confused.sign(signing("report/v1", WORDS)))
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("wrong_volume_key");
              assertThat(e.failure().remedy()).contains("--new");
            });
    assertThat(signers.keys(ADA)).extracting(SigningKey::state).containsExactly("lost", "active");
  }

  @Test
  void aMachineOfToolsHoldsNoKeys() {
    Vm tools = room.obtain("tools");
    refused("role_refused", () -> tools.keep(Json.object().put("op", "key.public"), null));
    refused(
        "role_refused",
        () -> tools.keep(Json.object().put("op", "key.make"), new byte[VolumeKeys.KEY_BYTES]));
    refused("no_volume", () -> volumes.open(tools, volumes.obtain(ADA, "none", 16 << 20), false));
    tools.close();
  }

  @Test
  void aHostedServiceNeverHoldsKeys() {
    Vm hosted =
        (Vm)
            java.lang.reflect.Proxy.newProxyInstance(
                Vm.class.getClassLoader(),
                new Class<?>[] {Vm.class},
                (proxy, method, arguments) ->
                    method.isDefault()
                        ? java.lang.reflect.InvocationHandler.invokeDefault(
                            proxy, method, arguments)
                        : "hosted");
    refused("unsupported", () -> hosted.keep(Json.object().put("op", "sign"), new byte[64]));
  }

  @Test
  void paceIsBoundedForEachTenant() {
    List<Instant> now = new ArrayList<>(List.of(Instant.EPOCH));
    SigningPace pace = new SigningPace(3, 2, now::getFirst);
    for (int i = 0; i < 3; i++) {
      pace.take(ADA);
    }
    refused("sign_rate", () -> pace.take(ADA));
    pace.take(new TenantId("bob"));
    now.set(0, Instant.EPOCH.plusMillis(500));
    pace.take(ADA);
    refused("sign_rate", () -> pace.take(ADA));
    now.set(0, Instant.EPOCH.plus(Duration.ofDays(1)));
    for (int i = 0; i < 3; i++) {
      pace.take(ADA);
    }
    refused("sign_rate", () -> pace.take(ADA));
  }

  private static boolean verifies(String base64, byte[] over, byte[] signature) throws Exception {
    byte[] key = Base64.getDecoder().decode(base64);
    boolean odd = (key[31] & 0x80) != 0;
    key[31] &= 0x7f;
    for (int i = 0; i < 16; i++) {
      byte swap = key[i];
      key[i] = key[31 - i];
      key[31 - i] = swap;
    }
    EdECPoint point = new EdECPoint(odd, new java.math.BigInteger(1, key));
    Signature verifier = Signature.getInstance("Ed25519");
    verifier.initVerify(
        KeyFactory.getInstance("Ed25519")
            .generatePublic(new EdECPublicKeySpec(NamedParameterSpec.ED25519, point)));
    verifier.update(over);
    return verifier.verify(signature);
  }

  private static void refused(String code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ChoirException.class, e -> assertThat(e.code()).isEqualTo(code));
  }
}
