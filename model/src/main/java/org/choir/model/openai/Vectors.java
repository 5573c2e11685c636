package org.choir.model.openai;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import org.choir.core.ChoirException;

/** Vectors as an embedding server writes them. */
final class Vectors {
  private Vectors() {}

  /**
   * The vectors of an answer in the order of the texts, of length 1.
   *
   * @throws ChoirException {@code wrong_vectors} if one is missing, of another length, or no vector
   */
  static List<float[]> of(JsonNode body, int texts, int dimensions, String where) {
    float[][] vectors = new float[texts][];
    JsonNode data = body.path("data");
    for (int i = 0; i < data.size(); i++) {
      int at = data.get(i).path("index").asInt(i);
      if (at < 0 || at >= texts || vectors[at] != null) {
        throw wrong(where, "a vector of text " + at + " of " + texts);
      }
      float[] vector = components(data.get(i).path("embedding"), where);
      if (vector.length != dimensions) {
        throw wrong(where, "a vector of " + vector.length + " numbers, not " + dimensions);
      }
      vectors[at] = normalised(vector, where);
    }
    if (Arrays.stream(vectors).anyMatch(Objects::isNull)) {
      throw wrong(where, data.size() + " vectors for " + texts + " texts");
    }
    return List.of(vectors);
  }

  private static float[] components(JsonNode embedding, String where) {
    if (embedding.isTextual()) {
      byte[] bytes;
      try {
        bytes = Base64.getDecoder().decode(embedding.asText());
      } catch (IllegalArgumentException e) {
        throw wrong(where, "a vector that is not base64");
      }
      if (bytes.length % Float.BYTES != 0) {
        throw wrong(where, "a vector of " + bytes.length + " bytes");
      }
      float[] vector = new float[bytes.length / Float.BYTES];
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(vector);
      return vector;
    }
    float[] vector = new float[embedding.size()];
    for (int i = 0; i < vector.length; i++) {
      if (!embedding.get(i).isNumber()) {
        throw wrong(where, "a vector with something that is not a number");
      }
      vector[i] = (float) embedding.get(i).asDouble();
    }
    return vector;
  }

  private static float[] normalised(float[] vector, String where) {
    double sum = 0;
    for (float each : vector) {
      sum += (double) each * each;
    }
    double length = Math.sqrt(sum);
    if (!(length > 0) || Double.isInfinite(length)) {
      throw wrong(where, "a vector without a direction");
    }
    for (int i = 0; i < vector.length; i++) {
      vector[i] = (float) (vector[i] / length);
    }
    return vector;
  }

  private static ChoirException wrong(String where, String what) {
    return ChoirException.fatal(
        "wrong_vectors",
        where + " sent " + what,
        "check knowledge.embedder and knowledge.embedder-dimensions against what the server has");
  }
}
