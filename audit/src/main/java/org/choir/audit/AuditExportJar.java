package org.choir.audit;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.choir.core.CanonicalJson;
import org.choir.keys.DataKeys;

/**
 * Makes the one jar that an auditor needs, from the classes this program runs with: the rooms
 * {@code audit}, {@code core} and {@code keys}, and Jackson. The same classes give the same bytes.
 */
final class AuditExportJar {
  /** One class of each place that the jar is made from. */
  private static final List<Class<?>> PARTS =
      List.of(
          AuditExportCheck.class,
          CanonicalJson.class,
          DataKeys.class,
          ObjectMapper.class,
          JsonFactory.class,
          JsonInclude.class);

  private static final FileTime TIME = FileTime.fromMillis(1_000_000_000_000L);

  private AuditExportJar() {}

  static void write(Path target) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    for (Class<?> part : PARTS) {
      collect(part, files);
    }
    Manifest manifest = new Manifest();
    Attributes main = manifest.getMainAttributes();
    main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    main.put(Attributes.Name.MAIN_CLASS, AuditExportCheck.class.getName());
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(target))) {
      put(out, JarFile.MANIFEST_NAME, bytes(manifest));
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        put(out, file.getKey(), file.getValue());
      }
    }
  }

  private static byte[] bytes(Manifest manifest) throws IOException {
    var out = new java.io.ByteArrayOutputStream();
    manifest.write(out);
    return out.toByteArray();
  }

  private static void put(JarOutputStream out, String name, byte[] content) throws IOException {
    JarEntry entry = new JarEntry(name);
    entry.setLastModifiedTime(TIME);
    out.putNextEntry(entry);
    out.write(content);
    out.closeEntry();
  }

  private static void collect(Class<?> part, Map<String, byte[]> files) throws IOException {
    Path source;
    try {
      source = Path.of(part.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IOException("the classes of " + part + " lie at no path", e);
    }
    if (Files.isDirectory(source)) {
      try (Stream<Path> all = Files.walk(source)) {
        for (Path file : all.filter(Files::isRegularFile).toList()) {
          String name = source.relativize(file).toString();
          if (isWanted(name)) {
            files.put(name, Files.readAllBytes(file));
          }
        }
      }
      return;
    }
    try (JarFile jar = new JarFile(source.toFile())) {
      for (JarEntry entry : jar.stream().toList()) {
        if (!entry.isDirectory() && isWanted(entry.getName())) {
          try (InputStream in = jar.getInputStream(entry)) {
            files.put(entry.getName(), in.readAllBytes());
          }
        }
      }
    }
  }

  /** Adapters of real systems would ask for libraries that an auditor does not have. */
  private static boolean isWanted(String name) {
    boolean ours = name.matches("org/choir/audit/(prose-[0-9]+/)?[^/]+|org/choir/(core|keys)/.+");
    boolean jackson = name.startsWith("com/fasterxml/jackson/") && name.endsWith(".class");
    return ours || jackson || name.equals("META-INF/LICENSE") || name.equals("META-INF/NOTICE");
  }
}
