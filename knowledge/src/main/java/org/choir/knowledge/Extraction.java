package org.choir.knowledge;

import java.util.List;

/**
 * What a reader took out of one file.
 *
 * @param mediaType what the file turned out to be
 * @param title from the document itself; empty if it has none
 */
public record Extraction(String mediaType, String title, List<TextBlock> blocks) {
  public Extraction {
    blocks = List.copyOf(blocks);
  }
}
