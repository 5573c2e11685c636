package org.choir.knowledge.qdrant;

import static io.qdrant.client.ValueFactory.value;

import io.qdrant.client.ConditionFactory;
import io.qdrant.client.PointIdFactory;
import io.qdrant.client.VectorsFactory;
import io.qdrant.client.grpc.Common.Filter;
import io.qdrant.client.grpc.Common.PointId;
import io.qdrant.client.grpc.Common.Range;
import io.qdrant.client.grpc.JsonWithInt.Value;
import io.qdrant.client.grpc.Points.PointStruct;
import io.qdrant.client.grpc.Points.RetrievedPoint;
import io.qdrant.client.grpc.Points.VectorOutput;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.knowledge.IndexRow;
import org.choir.knowledge.PassageIndex;

/** Rows as points: the vector, and everything else as payload. */
final class RowPoints {
  /** Payload that is searched by, and so indexed. */
  static final List<String> KEYWORDS = List.of("article", "field", "author", "model");

  private RowPoints() {}

  /** A point's id is made of the row's key, so that the same row is the same point. */
  static PointId id(IndexRow row) {
    String hex = Digest.of(row.key()).prefix(32);
    return PointIdFactory.id(
        new UUID(
            Long.parseUnsignedLong(hex.substring(0, 16), 16),
            Long.parseUnsignedLong(hex.substring(16), 16)));
  }

  static PointStruct point(IndexRow row) {
    Map<String, Value> payload = new LinkedHashMap<>();
    payload.put("key", value(row.key()));
    payload.put("article", value(row.article()));
    payload.put("version", value(row.version()));
    payload.put("field", value(row.field()));
    payload.put("author", value(row.author()));
    payload.put("published", value(row.published()));
    payload.put("title", value(row.title()));
    payload.put("section", value(row.section()));
    payload.put("locator", value(row.locator()));
    payload.put("text", value(row.text()));
    payload.put("model", value(row.model()));
    return PointStruct.newBuilder()
        .setId(id(row))
        .putAllPayload(payload)
        .setVectors(VectorsFactory.vectors(row.vector()))
        .build();
  }

  static IndexRow row(RetrievedPoint point) {
    Map<String, Value> payload = point.getPayloadMap();
    return new IndexRow(
        text(payload, "key"),
        text(payload, "article"),
        (int) number(payload, "version"),
        text(payload, "field"),
        text(payload, "author"),
        number(payload, "published"),
        text(payload, "title"),
        text(payload, "section"),
        text(payload, "locator"),
        text(payload, "text"),
        text(payload, "model"),
        vector(point.getVectors().getVector()));
  }

  static String text(Map<String, Value> payload, String name) {
    return field(payload, name).getStringValue();
  }

  static long number(Map<String, Value> payload, String name) {
    return field(payload, name).getIntegerValue();
  }

  private static Value field(Map<String, Value> payload, String name) {
    if (!payload.containsKey(name)) {
      throw ChoirException.fatal(
          "qdrant_failed",
          "a point in Qdrant has no '" + name + "': something else writes into the collection",
          "delete the collection, then: choir kb rebuild");
    }
    return Objects.requireNonNull(payload.get(name));
  }

  /** Older servers answer in the field that newer ones have deprecated. */
  @SuppressWarnings("deprecation")
  private static float[] vector(VectorOutput vector) {
    List<Float> numbers =
        vector.hasDense() ? vector.getDense().getDataList() : vector.getDataList();
    float[] made = new float[numbers.size()];
    for (int i = 0; i < made.length; i++) {
      made[i] = numbers.get(i);
    }
    return made;
  }

  static Filter article(String article) {
    return Filter.newBuilder().addMust(ConditionFactory.matchKeyword("article", article)).build();
  }

  static Filter of(String model, PassageIndex.Filter narrowed) {
    Filter.Builder filter =
        Filter.newBuilder().addMust(ConditionFactory.matchKeyword("model", model));
    if (!narrowed.fields().isEmpty()) {
      filter.addMust(ConditionFactory.matchKeywords("field", List.copyOf(narrowed.fields())));
    }
    if (!narrowed.authors().isEmpty()) {
      filter.addMust(ConditionFactory.matchKeywords("author", List.copyOf(narrowed.authors())));
    }
    if (narrowed.from() != Long.MIN_VALUE || narrowed.to() != Long.MAX_VALUE) {
      // Seconds of any year that matters are whole in a double.
      filter.addMust(
          ConditionFactory.range(
              "published",
              Range.newBuilder()
                  .setGte((double) narrowed.from())
                  .setLt((double) narrowed.to())
                  .build()));
    }
    return filter.build();
  }
}
