package org.choir.backbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.keys.DataKeys;
import org.choir.keys.FileDataKeys;

/** A folder with keys, in which real backbones are started. */
final class Fixture {
  static final TenantId ALICE = new TenantId("alice");
  static final TenantId BOB = new TenantId("bob");
  static final AgentId AGENT = new AgentId("rtide01");
  static final Duration LONG = Duration.ofSeconds(20);

  final Path folder;
  final DataKeys keys;

  Fixture(Path temp) {
    this.folder = temp.resolve("backbone");
    this.keys = FileDataKeys.open(temp.resolve("keys"));
  }

  Backbone start() {
    return start(Tuning.standard());
  }

  Backbone start(Tuning tuning) {
    return start(0, Backbone.Durability.CRASH, tuning);
  }

  Backbone start(int port, Backbone.Durability durability, Tuning tuning) {
    return Backbone.start(
        new Backbone.Options(folder, port, durability), keys, InstantSource.system(), tuning);
  }

  static ObjectNode event(String kind, String text) {
    return Json.object().put("kind", kind).put("text", text);
  }

  static List<ObjectNode> events(String text) {
    return List.of(event("note", text));
  }

  static void assertCode(String code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> assertThat(e.code()).as(e.failure().message()).isEqualTo(code));
  }
}
