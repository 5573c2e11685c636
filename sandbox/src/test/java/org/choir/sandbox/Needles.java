package org.choir.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Secrets to be searched for, each as bytes, halves of its bytes, hexadecimal and base64. */
final class Needles {
  private record Needle(String name, byte[] bytes) {}

  private final List<Needle> needles = new ArrayList<>();
  private final boolean[] begins = new boolean[1 << 16];
  private int longest;

  Needles add(String name, byte[] secret) {
    int half = secret.length / 2;
    add(new Needle(name + ", bytes", secret));
    add(new Needle(name + ", first half", Arrays.copyOf(secret, half)));
    add(new Needle(name + ", second half", Arrays.copyOfRange(secret, half, secret.length)));
    String hex = HexFormat.of().formatHex(secret);
    add(new Needle(name + ", hex", ascii(hex)));
    add(new Needle(name + ", HEX", ascii(hex.toUpperCase(Locale.ROOT))));
    for (int shift = 0; shift < 3; shift++) {
      byte[] shifted = new byte[shift + secret.length];
      System.arraycopy(secret, 0, shifted, shift, secret.length);
      // Without the characters at both ends in which other bytes have a part.
      String text = Base64.getEncoder().withoutPadding().encodeToString(shifted);
      add(new Needle(name + ", base64", ascii(text.substring(shift + 1, text.length() - 1))));
    }
    return this;
  }

  private void add(Needle needle) {
    needles.add(needle);
    begins[start(needle.bytes, 0)] = true;
    longest = Math.max(longest, needle.bytes.length);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static int start(byte[] in, int at) {
    return ((in[at] & 0xff) << 8) | (in[at + 1] & 0xff);
  }

  /** The names of those that are in a file. */
  Set<String> in(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in(in);
    }
  }

  Set<String> in(InputStream in) throws IOException {
    Set<String> found = new LinkedHashSet<>();
    byte[] buffer = new byte[1 << 20];
    int kept = 0;
    while (true) {
      int n = in.readNBytes(buffer, kept, buffer.length - kept);
      int end = kept + n;
      for (int at = 0; at + 1 < end; at++) {
        if (begins[start(buffer, at)]) {
          for (Needle needle : needles) {
            if (at + needle.bytes.length <= end
                && Arrays.equals(
                    buffer, at, at + needle.bytes.length, needle.bytes, 0, needle.bytes.length)) {
              found.add(needle.name);
            }
          }
        }
      }
      if (n < buffer.length - kept) {
        return found;
      }
      kept = longest;
      System.arraycopy(buffer, end - kept, buffer, 0, kept);
    }
  }
}
