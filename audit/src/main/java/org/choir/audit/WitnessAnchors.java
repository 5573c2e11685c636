package org.choir.audit;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.choir.core.Digest;

/**
 * Anchors that an outside witness cosigns (C2SP tlog-witness, tlog-cosignature), kept in files with
 * the cosigned checkpoint as evidence. The witness remembers the largest tree it has seen of a log
 * and cosigns only what extends it.
 */
public final class WitnessAnchors implements AnchorStore {
  private static final String KIND = "witness";
  private static final int ANSWER_MAX = 100_000;

  private final Options options;
  private final AnchorFiles files;
  private final HttpClient http;

  /**
   * Which witness.
   *
   * @param folder where anchors and cosigned checkpoints are kept
   * @param prefix its submission address; {@code /add-checkpoint} is appended
   * @param key its public key, of the cosignature kind
   * @param timeout for one answer
   */
  public record Options(Path folder, URI prefix, NoteKey key, Duration timeout) {
    public Options {
      if (!key.isWitness()) {
        throw LogException.malformed("bad_key", key.vkey() + " is not the key of a witness");
      }
    }
  }

  private record Answer(int status, String contentType, String body) {}

  public WitnessAnchors(Options options) {
    this.options = options;
    this.files = new AnchorFiles(options.folder(), KIND);
    this.http =
        HttpClient.newBuilder()
            .connectTimeout(options.timeout())
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public String protects() {
    return "A witness of another operator cosigns one history of the log and no other, so it shows a"
        + " rollback, a rewritten log and a split view even when the log's key is stolen. It does not"
        + " show what the entries say, and it protects nothing if it is run by the log's own"
        + " operator.";
  }

  @Override
  public void put(Anchor anchor, AnchorProofs proofs) {
    long old = last(anchor.origin()).map(Anchor::size).orElse(0L);
    Answer answer = send(old, anchor, proofs);
    if (answer.status() == 409) {
      // It saw another size last, for instance because an answer to us was lost.
      long seen = seen(answer, anchor);
      answer = send(seen, anchor, proofs);
    }
    if (answer.status() != 200) {
      throw refusal(answer);
    }
    Note cosigned = cosigned(proofs.checkpoint(), answer.body());
    byte[] evidence = cosigned.format().getBytes(StandardCharsets.UTF_8);
    files.put(anchor.with(evidence));
  }

  private static long seen(Answer answer, Anchor anchor) {
    if (!answer.contentType().equals("text/x.tlog.size") || !answer.body().endsWith("\n")) {
      throw refusal(answer);
    }
    long seen;
    try {
      seen = Checkpoint.number(answer.body().strip());
    } catch (LogException e) {
      throw AnchorException.refused(KIND, "it names no size it has seen", e);
    }
    if (seen > anchor.size()) {
      throw LogException.untrusted(
          "log_rolled_back",
          "the witness has cosigned "
              + anchor.origin()
              + " at size "
              + seen
              + ", the log has "
              + anchor.size(),
          "restore a backup of the log that is not older");
    }
    return seen;
  }

  private Answer send(long old, Anchor anchor, AnchorProofs proofs) {
    List<Digest> proof = old == 0 || old == anchor.size() ? List.of() : proofs.consistencyFrom(old);
    StringBuilder body = new StringBuilder("old ").append(old).append('\n');
    proof.forEach(
        p -> body.append(Base64.getEncoder().encodeToString(TreeHash.bytes(p))).append('\n'));
    body.append('\n').append(proofs.checkpoint());
    HttpRequest post =
        HttpRequest.newBuilder(URI.create(options.prefix() + "/add-checkpoint"))
            .timeout(options.timeout())
            .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
            .build();
    try {
      HttpResponse<InputStream> answer = http.send(post, HttpResponse.BodyHandlers.ofInputStream());
      try (InputStream in = answer.body()) {
        byte[] bytes = in.readNBytes(ANSWER_MAX);
        String type = answer.headers().firstValue("Content-Type").orElse("");
        return new Answer(answer.statusCode(), type, new String(bytes, StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw AnchorException.unreachable(KIND, e.toString(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw AnchorException.unreachable(KIND, "the wait was interrupted", e);
    }
  }

  private static RuntimeException refusal(Answer answer) {
    return switch (answer.status()) {
      case 409 ->
          LogException.untrusted(
              "log_forked",
              "the witness has cosigned another history of the log at this size",
              "find out who else signs with the log's key");
      case 422 ->
          LogException.untrusted(
              "log_forked",
              "the witness has cosigned a history that this log does not extend",
              "find out who else signs with the log's key");
      case 403, 404 -> AnchorException.refused(KIND, "it does not know the log or its key", null);
      default -> AnchorException.unreachable(KIND, "status " + answer.status(), null);
    };
  }

  private Note cosigned(String checkpoint, String lines) {
    try {
      Note note = Note.parse(checkpoint);
      List<Note.Signature> signatures = new ArrayList<>(note.signatures());
      for (Note.Signature line : Note.signatureLines(lines)) {
        // Lines of keys that we were not told of are ignored, as the standard asks.
        if (line.name().equals(options.key().name()) && line.keyId() == options.key().id()) {
          signatures.add(line);
        }
      }
      Note cosigned = new Note(note.text(), signatures);
      if (options.key().cosignedAt(cosigned).isEmpty()) {
        throw AnchorException.refused(KIND, "it bears no valid cosignature of the witness", null);
      }
      return cosigned;
    } catch (LogException e) {
      throw AnchorException.refused(KIND, e.failure().message(), e);
    }
  }

  @Override
  public List<Anchor> all(String origin) {
    return files.all(origin);
  }

  @Override
  public Optional<String> problem(Anchor anchor) {
    try {
      Note note = Note.parse(anchor.evidence());
      Checkpoint head = Checkpoint.parse(note.text());
      if (options.key().cosignedAt(note).isEmpty()) {
        return Optional.of("its checkpoint is not cosigned by " + options.key().name());
      }
      boolean same =
          head.size() == anchor.size()
              && head.root().equals(anchor.root())
              && head.origin().equals(anchor.origin());
      return same ? Optional.empty() : Optional.of("another checkpoint than its own is cosigned");
    } catch (LogException e) {
      return Optional.of(e.failure().message());
    }
  }

  @Override
  public void close() {
    http.close();
  }
}
