package org.choir.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.knowledge.Claim;
import org.choir.knowledge.ClaimVerdict;
import org.choir.knowledge.ClaimVerifier;
import org.choir.knowledge.Draft;
import org.choir.knowledge.Evidence;
import org.choir.knowledge.EvidenceBook;
import org.choir.knowledge.RecordCheck;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.VerificationRecord;

/**
 * What this server itself finds true of a verification record that came with a text. Money follows
 * from it, so nothing the record says is believed: its places and quotes must stand in the text and
 * in the stored sources, and each claim is judged again.
 */
final class CheckedRecords {
  /** Words around a quote that a judge may need to understand it, in characters. */
  private static final int AROUND = 400;

  private static final int CLAIMS_MAX = 2_000;

  private final SourceLibrary library;
  private final ClaimVerifier verifier;

  CheckedRecords(SourceLibrary library, ClaimVerifier verifier) {
    this.library = library;
    this.verifier = verifier;
  }

  /** The record with the counts that hold; empty if it does not fit its text and its sources. */
  Optional<VerificationRecord> checked(String text, VerificationRecord record) {
    if (!RecordCheck.check(text, record, library::text).isEmpty()) {
      return Optional.empty();
    }
    Map<String, Digest> sources = new HashMap<>();
    for (JsonNode source : record.json().path("sources")) {
      sources.put(source.path("id").asText(), new Digest(source.path("sha256").asText()));
    }
    int supported = 0;
    int partial = 0;
    int claims = 0;
    for (JsonNode claim : record.json().path("claims")) {
      if (++claims > CLAIMS_MAX) {
        return Optional.empty();
      }
      switch (judged(claim, sources)) {
        case SUPPORTED -> supported += claim.path("verdict").asText().equals("supported") ? 1 : 0;
        case PARTIAL -> partial++;
        default -> {}
      }
    }
    ObjectNode counted = record.json().deepCopy();
    counted
        .withObject("/summary")
        .put("claims", claims)
        .put("supported", supported)
        .put("partial", partial);
    return Optional.of(VerificationRecord.parse(Json.write(counted)));
  }

  private ClaimVerdict judged(JsonNode claim, Map<String, Digest> sources) {
    List<Evidence> evidence = new ArrayList<>();
    StringBuilder cited = new StringBuilder(claim.path("text").asText().replaceAll("[\\[\\]]", ""));
    for (JsonNode each : claim.path("evidence")) {
      Digest source = sources.get(each.path("source").asText());
      Optional<String> text = source == null ? Optional.empty() : library.text(source);
      if (source != null && text.isPresent()) {
        String key = "s%010d".formatted(evidence.size() + 1);
        evidence.add(passage(key, source, text.get(), each));
        cited.append(" [@").append(key).append(']');
      }
    }
    try {
      List<Claim> claims = Draft.ofDocument(cited.toString()).claims();
      return claims.size() == 1
          ? verifier.verify(claims.getFirst(), EvidenceBook.of(evidence)).verdict()
          : ClaimVerdict.UNSUPPORTED;
    } catch (ChoirException e) {
      return ClaimVerdict.UNSUPPORTED; // a claim that cannot be read earns nothing
    }
  }

  private static Evidence passage(String key, Digest source, String text, JsonNode evidence) {
    int points = text.codePointCount(0, text.length());
    int start = Math.clamp(evidence.path("span").path(0).asLong() - AROUND, 0, points);
    int end = Math.clamp(evidence.path("span").path(1).asLong() + AROUND, start, points);
    String passage =
        text.substring(text.offsetByCodePoints(0, start), text.offsetByCodePoints(0, end));
    return new Evidence(key, source, evidence.path("title").asText(), "", "", "", start, passage);
  }
}
