package org.choir.model.bge;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.choir.core.ChoirException;
import org.choir.model.WordEmbedder;
import org.jspecify.annotations.Nullable;

/**
 * BGE small English 1.5, quantised to 8 bits, in this process: 384 dimensions, 510 tokens of a text
 * are read and the rest is cut. The model (34 MB) is loaded with the first text.
 *
 * <p>Every text is a run of its own on one thread, and as many texts as there are threads run side
 * by side. So a vector depends on its text alone, never on its neighbours in a batch, and two
 * threads give twice the texts; two threads inside one run gave no more than one (measured on two
 * cores: 130 passages of 64 words a second against 62).
 */
public final class BgeEmbedder implements WordEmbedder {
  /** The jar that holds the weights; a test compares it with the one on the class path. */
  static final String VERSION = "1.18.1-beta28";

  /** 510 of the text and the two that frame it: the model's positions. */
  private static final int TOKENS = 512;

  private static final int DIMENSIONS = 384;

  /** The tokeniser's library warns of graphics cards that it cannot use; none is wanted. */
  private static final Logger GRAPHICS_CARDS = Logger.getLogger("ai.djl.util.cuda.CudaUtils");

  /** The instruction the model was trained with for short queries; passages take none. */
  private static final String INSTRUCTION =
      "Represent this sentence for searching relevant passages: ";

  /** Characters the tokeniser is given at most: far more than 512 tokens of any prose. */
  private static final int LONGEST_TEXT = 20_000;

  /** After which an unused thread ends. */
  private static final int IDLE_SECONDS = 10;

  private final int threads;
  private final ThreadPoolExecutor workers;
  private @Nullable Loaded loaded;

  /** With two threads. */
  public BgeEmbedder() {
    this(2);
  }

  /**
   * An embedder that is not loaded yet.
   *
   * @param threads that compute at most, for all callers together; at least 1
   */
  public BgeEmbedder(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("an embedder needs at least one thread");
    }
    this.threads = threads;
    // Platform threads: a run is long native code, which would hold a virtual thread's carrier.
    this.workers =
        new ThreadPoolExecutor(
            threads,
            threads,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().name("embedder-", 0).daemon().factory());
    workers.allowCoreThreadTimeOut(true);
  }

  private record Loaded(OrtSession session, HuggingFaceTokenizer tokenizer) {}

  @Override
  public String id() {
    return "bge-small-en-v1.5-q@" + VERSION;
  }

  @Override
  public int dimensions() {
    return DIMENSIONS;
  }

  @Override
  public List<float[]> passages(List<String> texts) {
    return each(texts, (tokens, states) -> vector(states, 0));
  }

  @Override
  public List<Words> words(List<String> texts) {
    return each(texts, BgeEmbedder::words);
  }

  /** What is made of one run: the tokens of the text and their states, one after another. */
  private interface Made<T> {
    T of(Encoding tokens, FloatBuffer states);
  }

  private <T> List<T> each(List<String> texts, Made<T> made) {
    List<T> vectors = new ArrayList<>(Collections.nCopies(texts.size(), null));
    AtomicInteger next = new AtomicInteger();
    List<Future<?>> shares = new ArrayList<>();
    try {
      for (int i = 0; i < Math.min(threads, texts.size()); i++) {
        shares.add(
            workers.submit(
                () -> {
                  for (int at; (at = next.getAndIncrement()) < texts.size(); ) {
                    T one = embed(texts.get(at), made);
                    synchronized (vectors) {
                      vectors.set(at, one);
                    }
                  }
                }));
      }
      for (Future<?> share : shares) {
        share.get();
      }
    } catch (RejectedExecutionException e) {
      throw new IllegalStateException("the embedder is closed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ChoirException.retryable(
          "embedding_interrupted", "the embedding of texts was interrupted", "try again", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof ChoirException failure
          ? failure
          : new IllegalStateException("the embedding of a text failed", e);
    } finally {
      next.set(texts.size());
    }
    return List.copyOf(vectors);
  }

  @Override
  public float[] query(String text) {
    return passages(List.of(INSTRUCTION + text)).getFirst();
  }

  private <T> T embed(String text, Made<T> made) {
    Loaded model = loaded();
    int end = Math.min(text.length(), LONGEST_TEXT);
    Encoding tokens = model.tokenizer().encode(text.substring(0, end));
    long[] shape = {1, tokens.getIds().length};
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OnnxTensor ids = tensor(environment, tokens.getIds(), shape);
        OnnxTensor mask = tensor(environment, tokens.getAttentionMask(), shape);
        OnnxTensor types = tensor(environment, tokens.getTypeIds(), shape);
        OrtSession.Result result =
            model
                .session()
                .run(Map.of("input_ids", ids, "attention_mask", mask, "token_type_ids", types))) {
      return made.of(tokens, ((OnnxTensor) result.get(0)).getFloatBuffer());
    } catch (OrtException e) {
      throw ChoirException.fatal(
          "embedding_failed",
          "the embedding model could not embed a text of " + text.length() + " characters",
          "report this with the log",
          e);
    }
  }

  /** The first token's state stands for the text, as the model was trained. */
  private static float[] vector(FloatBuffer states, int token) {
    float[] vector = new float[DIMENSIONS];
    states.get(token * DIMENSIONS, vector);
    return normalised(vector);
  }

  /** The pieces of a word are joined and their states added up. */
  private static Words words(Encoding tokens, FloatBuffer states) {
    List<String> words = new ArrayList<>();
    List<float[]> vectors = new ArrayList<>();
    String[] pieces = tokens.getTokens();
    for (int i = 1; i < pieces.length - 1; i++) {
      float[] vector = vector(states, i);
      if (pieces[i].startsWith("##") && !words.isEmpty()) {
        words.set(words.size() - 1, words.getLast() + pieces[i].substring(2));
        float[] sum = vectors.getLast();
        for (int j = 0; j < DIMENSIONS; j++) {
          sum[j] += vector[j];
        }
      } else {
        words.add(pieces[i]);
        vectors.add(vector);
      }
    }
    vectors.replaceAll(BgeEmbedder::normalised);
    return new Words(vector(states, 0), words, vectors.toArray(float[][]::new));
  }

  private static OnnxTensor tensor(OrtEnvironment environment, long[] values, long[] shape)
      throws OrtException {
    return OnnxTensor.createTensor(environment, LongBuffer.wrap(values), shape);
  }

  private static float[] normalised(float[] vector) {
    double sum = 0;
    for (float value : vector) {
      sum += (double) value * value;
    }
    double norm = Math.sqrt(sum);
    for (int i = 0; i < vector.length; i++) {
      vector[i] = (float) (vector[i] / norm);
    }
    return vector;
  }

  private synchronized Loaded loaded() {
    if (loaded == null) {
      loaded = load();
    }
    return loaded;
  }

  private Loaded load() {
    // The tokeniser's library would look for a cloud machine's metadata service and report its use,
    // and fetch another build of itself where it finds a graphics card.
    System.setProperty("OPT_OUT_TRACKING", "true");
    System.setProperty("RUST_FLAVOR", "cpu");
    System.setProperty("ai.djl.offline", "true");
    GRAPHICS_CARDS.setLevel(Level.OFF);
    try (InputStream tokens = resource("bge-small-en-v1.5-q-tokenizer.json");
        InputStream weights = resource("bge-small-en-v1.5-q.onnx");
        OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      HuggingFaceTokenizer tokenizer =
          HuggingFaceTokenizer.newInstance(
              tokens, Map.of("padding", "false", "truncation", "true", "maxLength", "" + TOKENS));
      OrtSession session =
          OrtEnvironment.getEnvironment().createSession(weights.readAllBytes(), options);
      return new Loaded(session, tokenizer);
    } catch (IOException | OrtException | UnsatisfiedLinkError | IllegalStateException e) {
      throw ChoirException.fatal(
          "embedding_unavailable",
          "the embedding model cannot be loaded: " + e.getMessage(),
          "it needs 64-bit Linux with glibc, and a temporary folder and a home folder that can be"
              + " written",
          e);
    }
  }

  private static InputStream resource(String name) throws FileNotFoundException {
    InputStream found = BgeEmbedder.class.getResourceAsStream("/" + name);
    if (found == null) {
      throw new FileNotFoundException(name + " is not on the class path");
    }
    return found;
  }

  /** Lets the texts in work end first. */
  @Override
  public void close() {
    workers.shutdown();
    try {
      if (!workers.awaitTermination(IDLE_SECONDS, TimeUnit.SECONDS)) {
        return; // a run is still using the model; the process's end frees it
      }
      unload();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (OrtException e) {
      throw ChoirException.fatal(
          "embedding_failed", "the embedding model did not close", "restart", e);
    }
  }

  private synchronized void unload() throws OrtException {
    Loaded model = loaded;
    loaded = null;
    if (model != null) {
      model.tokenizer().close();
      model.session().close();
    }
  }
}
