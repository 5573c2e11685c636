package org.choir.knowledge;

/**
 * How unlikely a count is: P(X &ge; w) for a Poisson variable, as a natural logarithm so that it
 * does not underflow. Equal to the lower regularised gamma function P(w, mean), which also serves
 * counts that are not whole; series and continued fraction as in Abramowitz and Stegun 6.5.29 and
 * 6.5.31.
 */
final class PoissonTail {
  private static final int TERMS_MAX = 100_000;
  private static final double PRECISION = 1e-14;
  private static final double[] LANCZOS = {
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406,
    12.507343278686905, -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7
  };

  private PoissonTail() {}

  /**
   * The logarithm of the probability.
   *
   * @param count at least 0
   * @param mean at least 0; with a mean of 0 every count above 0 is impossible
   */
  static double log(double count, double mean) {
    if (count <= 0) {
      return 0;
    }
    if (mean <= 0) {
      return Double.NEGATIVE_INFINITY;
    }
    double front = count * Math.log(mean) - mean - logGamma(count + 1);
    if (mean < count + 1) {
      double term = 1;
      double sum = 1;
      for (int n = 1; n < TERMS_MAX && term > sum * PRECISION; n++) {
        term *= mean / (count + n);
        sum += term;
      }
      return Math.min(0, front + Math.log(sum));
    }
    // Lentz's method for the upper tail Q; P = 1 - Q.
    double b = mean + 1 - count;
    double c = 1e300;
    double d = 1 / b;
    double h = d;
    for (int n = 1; n < TERMS_MAX; n++) {
      double a = -n * (n - count);
      b += 2;
      d = 1 / nonZero(a * d + b);
      c = nonZero(b + a / c);
      double step = d * c;
      h *= step;
      if (Math.abs(step - 1) < PRECISION) {
        break;
      }
    }
    double upper = Math.exp(front + Math.log(count) + Math.log(h));
    return Math.log1p(-Math.min(upper, 1 - 1e-16));
  }

  private static double nonZero(double x) {
    return Math.abs(x) < 1e-300 ? 1e-300 : x;
  }

  /** The logarithm of the gamma function for x &ge; 0.5, by Lanczos' approximation (g = 7). */
  static double logGamma(double x) {
    double y = x - 1;
    double sum = 0.9999999999998099;
    for (int i = 0; i < LANCZOS.length; i++) {
      sum += LANCZOS[i] / (y + i + 1);
    }
    double t = y + LANCZOS.length - 0.5;
    return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(t) - t + Math.log(sum);
  }
}
