package org.choir.knowledge.lucene;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.StopFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.analysis.tokenattributes.PositionIncrementAttribute;

/**
 * Text to terms: words lower-cased, without accents, stemmed (Porter), without the commonest
 * English words; identifiers whole and in parts.
 */
public final class Words {
  /** A term and the position of its word. */
  public record Term(String text, int position) {}

  private Words() {}

  static Analyzer analyzer() {
    return new Analyzer() {
      @Override
      protected TokenStreamComponents createComponents(String field) {
        Tokenizer words = new StandardTokenizer();
        TokenStream parts = new IdentifierParts(words);
        TokenStream folded = new ASCIIFoldingFilter(new LowerCaseFilter(parts));
        TokenStream kept = new StopFilter(folded, EnglishAnalyzer.getDefaultStopSet());
        return new TokenStreamComponents(words, new PorterStemFilter(kept));
      }
    };
  }

  private static final Analyzer ANALYZER = analyzer();

  /** The terms of a text in order; the parts of an identifier share its position. */
  public static List<Term> terms(String text) {
    List<Term> terms = new ArrayList<>();
    try (TokenStream stream = ANALYZER.tokenStream("body", text)) {
      CharTermAttribute term = stream.addAttribute(CharTermAttribute.class);
      PositionIncrementAttribute step = stream.addAttribute(PositionIncrementAttribute.class);
      stream.reset();
      int position = -1;
      while (stream.incrementToken()) {
        position += step.getPositionIncrement();
        terms.add(new Term(term.toString(), position));
      }
      stream.end();
    } catch (IOException e) {
      throw new UncheckedIOException("a string cannot fail to be read", e);
    }
    return terms;
  }
}
