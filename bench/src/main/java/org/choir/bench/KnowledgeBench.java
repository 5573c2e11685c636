package org.choir.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The knowledge base: index and search of real passages and of generated vectors, novelty of one
 * article, claims judged per second. With {@code --full} up to a million vectors.
 */
final class KnowledgeBench implements Benches.Bench {
  @Override
  public List<Figure> run(Path scratch, List<String> arguments, PrintStream progress)
      throws IOException {
    boolean full = arguments.contains(Benches.FULL);
    List<Figure> figures = new ArrayList<>();
    figures.addAll(new PassageBench(scratch, progress).run(full));
    figures.addAll(new NoveltyBench(progress).run(full));
    figures.addAll(new VerifyBench().run(scratch, List.of(), progress));
    return figures;
  }
}
