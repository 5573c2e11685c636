package org.choir.backbone;

import io.nats.client.JetStreamApiException;
import io.nats.client.Message;
import io.nats.client.NUID;
import io.nats.client.PurgeOptions;
import io.nats.client.api.MessageInfo;
import io.nats.client.api.ObjectInfo;
import io.nats.client.api.ObjectMeta;
import io.nats.client.api.StreamInfoOptions;
import io.nats.client.api.Subject;
import io.nats.client.impl.Headers;
import io.nats.client.impl.NatsMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.keys.DataKeys;
import org.choir.keys.Sealed;
import org.jspecify.annotations.Nullable;

/**
 * Named encrypted bodies in the object store's public format (ADR-20), so that {@code nats object}
 * can list them. The client library's own writer drops the chunks of an object whose last answer
 * was lost although the server may have stored it; this one repeats the same messages under the
 * same ids instead, and removes what it replaces only when the new object stands.
 */
final class Blobs {
  /** The format's usual size. */
  static final int CHUNK_BYTES = 128 << 10;

  private static final int NO_MESSAGE = 10037;
  private static final Duration NEXT_CHUNK = Duration.ofSeconds(2);
  private static final String CHUNK_PREFIX = "$O." + NatsConfiguration.BUCKET + ".C.";
  private static final String META_PREFIX = "$O." + NatsConfiguration.BUCKET + ".M.";
  private static final String TENANT = "Choir-Tenant";
  private static final String KID = "Choir-Kid";
  private static final String IV = "Choir-Iv";
  private static final String SIZE = "Choir-Size";
  private static final String DIGEST = "Choir-Digest";

  private final Link link;
  private final DataKeys keys;

  Blobs(Link link, DataKeys keys) {
    this.link = link;
    this.keys = keys;
  }

  /**
   * What is known of a body without opening it.
   *
   * @param size of the plaintext, in bytes
   * @param digest of the plaintext
   */
  record Entry(String name, TenantId tenant, long size, Digest digest) {}

  /** Stores or replaces; returns when it is stored. */
  Entry put(TenantId tenant, String name, byte[] plain) {
    Entry entry = new Entry(name, tenant, plain.length, Digest.of(plain));
    Sealed sealed = keys.seal(tenant, plain, context(name));
    byte[] body = sealed.ct();
    ObjectInfo before = info(name);
    String nuid = NUID.nextGlobalSequence();
    int chunks = 0;
    for (int start = 0; start < body.length; start += CHUNK_BYTES) {
      byte[] chunk = Arrays.copyOfRange(body, start, Math.min(body.length, start + CHUNK_BYTES));
      publish(name, CHUNK_PREFIX + nuid, id(nuid + ":" + chunks), chunk);
      chunks++;
    }
    Headers described = new Headers();
    described.put(TENANT, tenant.value());
    described.put(KID, sealed.kid());
    described.put(IV, Base64.getEncoder().encodeToString(sealed.iv()));
    described.put(SIZE, Long.toString(entry.size()));
    described.put(DIGEST, entry.digest().hex());
    ObjectInfo info =
        ObjectInfo.builder(
                NatsConfiguration.BUCKET,
                ObjectMeta.builder(name).headers(described).chunkSize(CHUNK_BYTES).build())
            .nuid(nuid)
            .size(body.length)
            .chunks(chunks)
            .digest(formatDigest(body))
            .build();
    Headers rollup = id(nuid + ":meta");
    rollup.put("Nats-Rollup", "sub");
    publish(name, metaSubject(name), rollup, info.serialize());
    if (before != null) {
      purge(CHUNK_PREFIX + before.getNuid());
    }
    return entry;
  }

  private void publish(String name, String subject, Headers headers, byte[] body) {
    NatsMessage message =
        NatsMessage.builder().subject(subject).headers(headers).data(body).build();
    link.call("store " + name, () -> link.stream().publish(message));
  }

  private static Headers id(String id) {
    Headers headers = new Headers();
    headers.put("Nats-Msg-Id", id);
    return headers;
  }

  /** The body, its digest checked; empty if there is none of that name. */
  Optional<byte[]> get(TenantId tenant, String name) {
    ObjectInfo info = info(name);
    while (info != null) {
      ObjectInfo current = info;
      Optional<byte[]> body = link.call("read " + name, () -> body(current));
      if (body.isPresent() && formatDigest(body.get()).equals(info.getDigest())) {
        return Optional.of(open(tenant, info, body.get()));
      }
      // It may have been replaced while it was being read; otherwise something is wrong with it.
      ObjectInfo now = info(name);
      if (now != null && String.valueOf(now.getNuid()).equals(info.getNuid())) {
        throw damaged(name, null);
      }
      info = now;
    }
    return Optional.empty();
  }

  private Optional<byte[]> body(ObjectInfo info)
      throws IOException, JetStreamApiException, InterruptedException {
    String subject = CHUNK_PREFIX + info.getNuid();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (info.getChunks() == 1) {
      MessageInfo chunk = lastOrNull(subject);
      if (chunk == null || chunk.getData() == null) {
        return Optional.empty();
      }
      out.write(chunk.getData());
    } else {
      MessageInfo last = lastOrNull(subject);
      if (last == null) {
        return Optional.empty();
      }
      try (Pass pass = new Pass(link, NatsConfiguration.FILES, subject, 1)) {
        long sequence = 0;
        while (sequence < last.getSeq()) {
          Message chunk = pass.next(NEXT_CHUNK);
          if (chunk == null && lastOrNull(subject) == null) {
            return Optional.empty();
          }
          if (chunk == null) {
            throw new IOException("a chunk of " + info.getObjectName() + " is not delivered");
          }
          sequence = chunk.metaData().streamSequence();
          out.write(chunk.getData());
        }
      }
    }
    return Optional.of(out.toByteArray());
  }

  private byte[] open(TenantId tenant, ObjectInfo info, byte[] body) {
    String name = info.getObjectName();
    Headers headers = headers(info);
    Sealed sealed;
    try {
      sealed =
          new Sealed(
              header(headers, KID, name),
              Base64.getDecoder().decode(header(headers, IV, name)),
              body);
    } catch (IllegalArgumentException e) {
      throw damaged(name, e);
    }
    byte[] plain = keys.open(tenant, sealed, context(name));
    if (!Digest.of(plain).equals(entry(info).digest())) {
      throw damaged(name, null);
    }
    return plain;
  }

  /** The entry of that name, null if there is none. */
  @Nullable Entry find(String name) {
    ObjectInfo info = info(name);
    return info == null ? null : entry(info);
  }

  /** The names that start so, in no order. */
  List<String> names(String prefix) {
    List<Subject> subjects =
        link.call(
            "list the files",
            () ->
                link.management()
                    .getStreamInfo(
                        NatsConfiguration.FILES,
                        StreamInfoOptions.filterSubjects(META_PREFIX + "*"))
                    .getStreamState()
                    .getSubjects());
    List<String> found = new ArrayList<>();
    for (Subject subject : subjects) {
      String encoded = subject.getName().substring(META_PREFIX.length());
      String name = new String(Base64.getUrlDecoder().decode(encoded), StandardCharsets.UTF_8);
      if (name.startsWith(prefix)) {
        found.add(name);
      }
    }
    return found;
  }

  /** Removes the name, then the body; without effect if there is none. */
  void delete(String name) {
    ObjectInfo info = info(name);
    if (info != null) {
      purge(metaSubject(name));
      purge(CHUNK_PREFIX + info.getNuid());
    }
  }

  private void purge(String subject) {
    link.call(
        "remove a file",
        () ->
            link.management().purgeStream(NatsConfiguration.FILES, PurgeOptions.subject(subject)));
  }

  private @Nullable ObjectInfo info(String name) {
    Optional<ObjectInfo> found =
        link.call(
            "look up " + name,
            () -> {
              MessageInfo last = lastOrNull(metaSubject(name));
              return last == null ? Optional.empty() : Optional.of(new ObjectInfo(last));
            });
    return found.filter(info -> !info.isDeleted()).orElse(null);
  }

  private @Nullable MessageInfo lastOrNull(String subject)
      throws IOException, JetStreamApiException {
    try {
      return link.management().getLastMessage(NatsConfiguration.FILES, subject);
    } catch (JetStreamApiException e) {
      if (e.getApiErrorCode() == NO_MESSAGE) {
        return null;
      }
      throw e;
    }
  }

  private static Entry entry(ObjectInfo info) {
    String name = info.getObjectName();
    Headers headers = headers(info);
    try {
      return new Entry(
          name,
          new TenantId(header(headers, TENANT, name)),
          Long.parseLong(header(headers, SIZE, name)),
          new Digest(header(headers, DIGEST, name)));
    } catch (IllegalArgumentException e) {
      throw damaged(name, e);
    }
  }

  private static Headers headers(ObjectInfo info) {
    Headers headers = info.getHeaders();
    return headers == null ? new Headers() : headers;
  }

  private static String header(Headers headers, String key, String name) {
    String value = headers.getFirst(key);
    if (value == null) {
      throw damaged(name, null);
    }
    return value;
  }

  private static ChoirException damaged(String name, @Nullable Throwable cause) {
    return ChoirException.fatal(
        "file_damaged",
        "the stored file " + name + " is not what was stored",
        "restore a backup: choir restore FILE",
        cause);
  }

  private static String metaSubject(String name) {
    return META_PREFIX
        + Base64.getUrlEncoder().encodeToString(name.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] context(String name) {
    return (NatsConfiguration.BUCKET + "\n" + name).getBytes(StandardCharsets.UTF_8);
  }

  private static String formatDigest(byte[] body) {
    return "SHA-256=" + Base64.getUrlEncoder().encodeToString(Digest.sha256().digest(body));
  }
}
