package org.choir.model;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.choir.core.Digest;

/**
 * An embedder that remembers: vectors are kept by the text's digest in one file per model, so a
 * text is embedded once for all runs. The folder belongs to one process at a time. The cache may be
 * lost or damaged at any moment without harm; when it cannot be written, it is left out.
 */
public final class CachedEmbedder implements Embedder {
  /** Room for about 160,000 vectors of 384 dimensions. */
  public static final long DEFAULT_BYTES_MAX = 256L << 20;

  private static final Logger LOG = System.getLogger(CachedEmbedder.class.getName());

  private final Embedder inner;
  private final VectorFile file;

  /** Whether the disk has failed: said once, then the cache rests. */
  private boolean resting;

  /**
   * @param inner computes what is not known yet; closed with this embedder
   * @param folder is created when needed
   * @param bytesMax when the file would grow beyond, its older half is dropped
   */
  public CachedEmbedder(Embedder inner, Path folder, long bytesMax) {
    this.inner = inner;
    String name = inner.id().replaceAll("[^A-Za-z0-9._@-]", "_");
    this.file =
        new VectorFile(folder.resolve(name + ".vectors"), inner.id(), inner.dimensions(), bytesMax);
  }

  @Override
  public String id() {
    return inner.id();
  }

  @Override
  public int dimensions() {
    return inner.dimensions();
  }

  @Override
  public List<float[]> passages(List<String> texts) {
    List<Digest> keys = texts.stream().map(text -> Digest.of("passage\n" + text)).toList();
    Map<Digest, float[]> known = new LinkedHashMap<>();
    Map<Digest, String> missing = new LinkedHashMap<>();
    for (int i = 0; i < keys.size(); i++) {
      Digest key = keys.get(i);
      if (!known.containsKey(key) && !missing.containsKey(key)) {
        Optional<float[]> found = find(key);
        if (found.isPresent()) {
          known.put(key, found.get());
        } else {
          missing.put(key, texts.get(i));
        }
      }
    }
    if (!missing.isEmpty()) {
      List<float[]> fresh = inner.passages(List.copyOf(missing.values()));
      int i = 0;
      for (Digest key : missing.keySet()) {
        known.put(key, fresh.get(i));
        keep(key, fresh.get(i++));
      }
    }
    List<float[]> vectors = new ArrayList<>(keys.size());
    for (Digest key : keys) {
      float[] vector = known.get(key);
      if (vector == null) {
        throw new IllegalStateException("every key was found or computed");
      }
      vectors.add(vector.clone());
    }
    return vectors;
  }

  @Override
  public float[] query(String text) {
    Digest key = Digest.of("query\n" + text);
    Optional<float[]> found = find(key);
    if (found.isPresent()) {
      return found.get();
    }
    float[] vector = inner.query(text);
    keep(key, vector);
    return vector;
  }

  private synchronized Optional<float[]> find(Digest key) {
    if (resting) {
      return Optional.empty();
    }
    try {
      return file.find(key);
    } catch (IOException e) {
      rest(e);
      return Optional.empty();
    }
  }

  private synchronized void keep(Digest key, float[] vector) {
    if (!resting) {
      try {
        file.append(key, vector);
      } catch (IOException e) {
        rest(e);
      }
    }
  }

  private void rest(IOException e) {
    if (e instanceof ClosedByInterruptException) {
      return; // the caller is being stopped; the file opens again for the next one
    }
    resting = true;
    LOG.log(Level.WARNING, "the cache of embeddings at " + file.path() + " is not used: " + e);
  }

  @Override
  public void close() {
    synchronized (this) {
      resting = true;
      try {
        file.close();
      } catch (IOException e) {
        rest(e);
      }
    }
    inner.close();
  }
}
