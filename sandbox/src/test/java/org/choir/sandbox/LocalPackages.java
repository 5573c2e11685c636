package org.choir.sandbox;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.choir.core.Digest;
import org.choir.core.Json;

/**
 * Two package registries on one port: a Python index after PEP 503 with wheels after PEP 427, and
 * an npm registry with packuments and tarballs. Each has a package that needs another one.
 */
final class LocalPackages implements AutoCloseable {
  static final String HOST = "packages.example";

  private final LocalWeb web;
  private final Map<String, byte[]> files = new LinkedHashMap<>();

  LocalPackages() throws IOException {
    web = new LocalWeb(this::answer);
    wheel("tinier", "def word(): return 'small'\n", "");
    wheel(
        "tiny",
        "import tinier\ndef main(): print('tiny and ' + tinier.word())\n",
        "Requires-Dist: tinier\n");
    npm("smallest", "module.exports = 'smallest'", "{}");
    npm(
        "small",
        "module.exports = 'small and ' + require('smallest')",
        "{\"smallest\":\"^1.0.0\"}");
  }

  int port() {
    return web.port();
  }

  private String url() {
    return "http://" + HOST + ":" + port();
  }

  private void answer(LocalWeb.Asked asked, OutputStream out) throws IOException {
    byte[] file = files.get(asked.path());
    if (file == null) {
      LocalWeb.missing(out);
    } else if (asked.path().startsWith("/simple/")) {
      LocalWeb.reply(out, "text/html", file);
    } else if (asked.path().contains(".")) {
      LocalWeb.reply(out, "application/octet-stream", file);
    } else {
      LocalWeb.reply(out, "application/json", file);
    }
  }

  private void wheel(String name, String code, String needs) throws IOException {
    String info = name + "-1.0.dist-info/";
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put(name + ".py", code);
    parts.put(
        info + "METADATA", "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n" + needs);
    parts.put(
        info + "WHEEL",
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
    if (code.contains("main")) {
      parts.put(info + "entry_points.txt", "[console_scripts]\n" + name + " = " + name + ":main\n");
    }
    StringBuilder record = new StringBuilder();
    parts.keySet().forEach(part -> record.append(part).append(",,\n"));
    parts.put(info + "RECORD", record.append(info).append("RECORD,,\n").toString());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, String> part : parts.entrySet()) {
        zip.putNextEntry(new ZipEntry(part.getKey()));
        zip.write(part.getValue().getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
    String file = name + "-1.0-py3-none-any.whl";
    files.put("/files/" + file, bytes.toByteArray());
    files.put(
        "/simple/" + name + "/",
        ("<!DOCTYPE html><html><body><a href=\"/files/"
                + file
                + "#sha256="
                + Digest.of(bytes.toByteArray()).hex()
                + "\">"
                + file
                + "</a></body></html>")
            .getBytes(StandardCharsets.UTF_8));
  }

  private void npm(String name, String code, String needs) throws IOException {
    String manifest =
        "{\"name\":\""
            + name
            + "\",\"version\":\"1.0.0\",\"main\":\"index.js\",\"dependencies\":"
            + needs
            + "}";
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream tar = new GZIPOutputStream(bytes)) {
      tar.write(entry("package/package.json", manifest.getBytes(StandardCharsets.UTF_8)));
      tar.write(entry("package/index.js", code.getBytes(StandardCharsets.UTF_8)));
      tar.write(new byte[1024]);
    }
    String file = "/" + name + "/-/" + name + "-1.0.0.tgz";
    files.put(file, bytes.toByteArray());
    var version = Json.parseObject(manifest);
    version
        .putObject("dist")
        .put("tarball", url() + file)
        .put("integrity", "sha512-" + sha512(bytes.toByteArray()));
    var packument = Json.object().put("name", name);
    packument.putObject("dist-tags").put("latest", "1.0.0");
    packument.putObject("versions").set("1.0.0", version);
    files.put("/" + name, Json.write(packument).getBytes(StandardCharsets.UTF_8));
  }

  private static String sha512(byte[] bytes) {
    try {
      return Base64.getEncoder()
          .encodeToString(java.security.MessageDigest.getInstance("SHA-512").digest(bytes));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A file in the ustar format. */
  private static byte[] entry(String name, byte[] body) {
    byte[] out = new byte[512 + (body.length + 511) / 512 * 512];
    put(out, 0, name);
    put(out, 100, "0000644\0");
    put(out, 108, "0000000\0");
    put(out, 116, "0000000\0");
    put(out, 124, "%011o\0".formatted(body.length));
    put(out, 136, "00000000000\0");
    put(out, 148, "        ");
    out[156] = '0';
    put(out, 257, "ustar\00000");
    int sum = 0;
    for (int i = 0; i < 512; i++) {
      sum += out[i] & 0xff;
    }
    put(out, 148, "%06o\0 ".formatted(sum));
    System.arraycopy(body, 0, out, 512, body.length);
    return out;
  }

  private static void put(byte[] out, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, out, at, bytes.length);
  }

  @Override
  public void close() throws IOException {
    web.close();
  }
}
