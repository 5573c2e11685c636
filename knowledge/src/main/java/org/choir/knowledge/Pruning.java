package org.choir.knowledge;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Takes out of a draft what may not stand in a report, and what would be left empty by it. */
final class Pruning {
  private final IntPredicate stands;
  private final Set<String> ownHeadings;

  /**
   * Rules for one draft.
   *
   * @param stands whether the claim of this index may stay
   * @param ownHeadings titles in lower case that only the host may write
   */
  Pruning(IntPredicate stands, Set<String> ownHeadings) {
    this.stands = stands;
    this.ownHeadings = ownHeadings;
  }

  List<Block> kept(List<Block> blocks) {
    List<Block> kept = new ArrayList<>();
    for (int i = blocks.size() - 1; i >= 0; i--) {
      Block block = kept(blocks.get(i), kept.isEmpty() ? null : kept.getLast());
      if (block != null) {
        kept.add(block);
      }
    }
    return kept.reversed();
  }

  private @Nullable Block kept(Block block, @Nullable Block next) {
    return switch (block) {
      case Block.Heading heading -> {
        boolean empty =
            next == null || (next instanceof Block.Heading h && h.level() <= heading.level());
        boolean own =
            ownHeadings.contains(heading.prose().plain().strip().toLowerCase(Locale.ROOT));
        List<Prose.Unit> units = standing(heading.prose());
        // A heading that is itself a supported claim needs nothing below it.
        boolean claim = !units.isEmpty() && units.getFirst().claim() != Block.NONE;
        yield ((empty || own) && !claim) || units.isEmpty() ? null : heading;
      }
      case Block.Paragraph paragraph -> {
        List<Prose.Unit> units = units(paragraph.prose(), next);
        yield units.isEmpty() ? null : new Block.Paragraph(paragraph.prose().with(units));
      }
      case Block.Quote quote -> {
        List<Block> inner = kept(quote.blocks());
        yield inner.isEmpty() ? null : new Block.Quote(inner);
      }
      case Block.Listing list -> {
        List<List<Block>> items = new ArrayList<>();
        for (List<Block> item : list.items()) {
          List<Block> inner = kept(item);
          if (!inner.isEmpty()) {
            items.add(inner);
          }
        }
        yield items.isEmpty() ? null : new Block.Listing(list.ordered(), items);
      }
      case Block.Table table -> {
        List<Block.Row> rows = new ArrayList<>();
        for (int i = 0; i < table.rows().size(); i++) {
          Block.Row row = table.rows().get(i);
          boolean blank = row.claim() == Block.NONE;
          // The first row carries the table; its words go if they are a claim that fell.
          if (i == 0) {
            rows.add(
                blank || stands.test(row.claim()) ? row : new Block.Row(List.of(), Block.NONE));
          } else if (!blank && stands.test(row.claim())) {
            rows.add(row);
          }
        }
        yield rows.size() < 2 && rows.getFirst().claim() == Block.NONE
            ? null
            : new Block.Table(rows);
      }
      case Block.Code code -> stands.test(code.claim()) ? code : null;
    };
  }

  private List<Prose.Unit> standing(Prose prose) {
    return prose.units().stream()
        .filter(unit -> unit.claim() == Block.NONE || stands.test(unit.claim()))
        .toList();
  }

  /** Questions and announcements go with the claims they belonged to. */
  private List<Prose.Unit> units(Prose prose, @Nullable Block next) {
    List<Prose.Unit> units = standing(prose);
    boolean claims = units.stream().anyMatch(unit -> unit.claim() != Block.NONE);
    boolean fell = prose.units().stream().anyMatch(unit -> unit.claim() != Block.NONE) && !claims;
    boolean announces = next != null && !(next instanceof Block.Heading);
    return !claims && (fell || !announces) ? List.of() : units;
  }
}
