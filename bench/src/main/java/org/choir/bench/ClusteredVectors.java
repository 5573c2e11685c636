package org.choir.bench;

import java.util.Random;

/**
 * Vectors as texts have them: subjects, and subjects within them, and differences within these. Two
 * vectors of one small subject have a cosine of about 0.8, of one large subject 0.6, of two 0.3.
 */
final class ClusteredVectors {
  private static final int LARGE = 100;
  private static final int SMALL_EACH = 50;
  private static final double SHARED = 0.55;
  private static final double LARGE_PART = 0.55;
  private static final double SMALL_PART = 0.45;
  private static final double OWN_PART = 0.45;

  private final Random random;
  private final int dimensions;
  private final float[] shared;
  private final float[][] large;
  private final float[][][] small;

  ClusteredVectors(long seed, int dimensions) {
    this.random = new Random(seed);
    this.dimensions = dimensions;
    this.shared = direction();
    this.large = new float[LARGE][];
    this.small = new float[LARGE][SMALL_EACH][];
    for (int i = 0; i < LARGE; i++) {
      large[i] = direction();
      for (int j = 0; j < SMALL_EACH; j++) {
        small[i][j] = direction();
      }
    }
  }

  /** The next vector, of length 1. */
  float[] next() {
    int i = random.nextInt(LARGE);
    int j = random.nextInt(SMALL_EACH);
    float[] own = direction();
    float[] vector = new float[dimensions];
    for (int d = 0; d < dimensions; d++) {
      vector[d] =
          (float)
              (SHARED * shared[d]
                  + LARGE_PART * large[i][d]
                  + SMALL_PART * small[i][j][d]
                  + OWN_PART * own[d]);
    }
    return normalised(vector);
  }

  private float[] direction() {
    float[] vector = new float[dimensions];
    for (int d = 0; d < dimensions; d++) {
      vector[d] = (float) random.nextGaussian();
    }
    return normalised(vector);
  }

  private static float[] normalised(float[] vector) {
    double length = Math.sqrt(dot(vector, vector));
    for (int d = 0; d < vector.length; d++) {
      vector[d] = (float) (vector[d] / length);
    }
    return vector;
  }

  /** Four sums side by side, so that the processor need not wait for one before the next. */
  static float dot(float[] a, float[] b) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    for (int i = 0; i + 3 < a.length; i += 4) {
      s0 += a[i] * b[i];
      s1 += a[i + 1] * b[i + 1];
      s2 += a[i + 2] * b[i + 2];
      s3 += a[i + 3] * b[i + 3];
    }
    return (s0 + s1) + (s2 + s3);
  }
}
