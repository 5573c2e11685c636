package org.choir.audit;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;

/**
 * Writes a folder that a stranger checks alone, with no network: the log, the anchors, the personal
 * fields that are disclosed, the prose, what to do, and the program that does it.
 *
 * <p>Of one run only, the folder holds that run's events with a proof each, and nothing of others.
 */
public final class AuditExport {
  static final String SCHEMA = "choir.audit-export/1";

  /** Beyond so many events the folder has no file for each; the program makes them on demand. */
  static final int FILES_MAX = 5_000;

  /** Beyond so many the story would not be read. */
  static final int STORY_MAX = 200_000;

  private final AuditChain chain;
  private final Path logFolder;
  private final Path target;
  private final Prose.Reader reader;
  private final Optional<String> run;
  private final PersonalFields personal;

  /**
   * What was written.
   *
   * @param size of the log that the folder is about
   */
  public record Written(Path folder, long size, long events, long disclosed) {}

  /**
   * @param chain to export from
   * @param folder of the chain
   * @param target must not exist, or be empty
   * @param run only its events; empty for the whole log
   */
  public AuditExport(
      AuditChain chain, Path folder, Path target, Optional<String> run, Prose.Reader reader) {
    this.chain = chain;
    this.personal = new PersonalFields(chain);
    this.logFolder = AuditChain.logFolder(folder);
    this.target = target;
    this.run = run;
    this.reader = reader;
  }

  /**
   * Writes the folder.
   *
   * @param anchors to copy the anchors from
   * @throws ChoirException {@code folder_not_empty}, {@code no_such_run}, {@code cannot_export}
   */
  public Written write(List<AnchorStore> anchors) {
    try {
      requireEmpty();
      String checkpoint = chain.checkpoint();
      Checkpoint head = Checkpoint.verified(checkpoint, chain.shown());
      Selected selected = select(head.size());
      if (selected.events().isEmpty() && run.isPresent()) {
        throw ChoirException.usage(
            "no_such_run",
            "the audit chain has no event of a run " + run.get(),
            "list what exists with: choir audit log");
      }
      List<Long> history = run.isEmpty() ? log(head, checkpoint) : List.of();
      manifest(head, checkpoint, selected, history);
      events(selected, head, checkpoint);
      anchors(anchors, head);
      AuditExportJar.write(target.resolve("verify.jar"));
      Files.writeString(target.resolve("README.txt"), readme());
      return new Written(target, head.size(), selected.events().size(), selected.disclosed());
    } catch (IOException e) {
      throw ChoirException.fatal(
          "cannot_export",
          "cannot write " + target + ": " + e.getMessage(),
          "choose another folder, or free some space",
          e);
    }
  }

  private void requireEmpty() throws IOException {
    Files.createDirectories(target);
    try (Stream<Path> there = Files.list(target)) {
      if (there.findAny().isPresent()) {
        throw ChoirException.usage(
            "folder_not_empty", target + " is not empty", "name a folder that does not exist yet");
      }
    }
  }

  /** The events to export with what is disclosed of them. */
  private record Selected(List<Story.Told> events, Map<Long, Payload> payloads) {
    long disclosed() {
      return payloads.size();
    }
  }

  private Selected select(long size) {
    List<Story.Told> events = new ArrayList<>();
    Map<Long, Payload> disclosed = new LinkedHashMap<>();
    for (long i = 0; i < size; i++) {
      Leaf leaf = chain.leaf(i);
      if (run.isPresent() && !leaf.intent().equals(run.get())) {
        continue;
      }
      long index = i;
      personal.payload(leaf).ifPresent(payload -> disclosed.put(index, payload));
      events.add(new Story.Told(leaf, personal.of(leaf)));
    }
    return new Selected(events, disclosed);
  }

  /**
   * The log anew from its entries, so that what the server writes meanwhile cannot mix in.
   *
   * @return the sizes of the earlier checkpoints, ascending
   */
  private List<Long> log(Checkpoint head, String checkpoint) throws IOException {
    Path log = target.resolve("log");
    LogTree tree = new LogTree(new TileReader(new LogDisk(), log));
    List<byte[]> bundle = new ArrayList<>();
    for (long i = 0; i < head.size(); i++) {
      byte[] entry = chain.entry(i);
      tree.add(TreeHash.bytes(TreeHash.ofEntry(entry)));
      bundle.add(entry);
      if (bundle.size() == TilePath.FULL || i + 1 == head.size()) {
        put(
            log,
            new TilePath(TilePath.ENTRIES, i / TilePath.FULL, bundle.size()),
            TileEntries.encode(bundle));
        bundle.clear();
      }
    }
    for (LogTree.Tile tile : tree.unpublished()) {
      put(log, tile.path(), tile.hashes());
    }
    Files.writeString(log.resolve("checkpoint"), checkpoint);
    Files.writeString(log.resolve("log.vkey"), chain.shown().vkey() + "\n");
    return history(log.resolve(LogPublisher.HISTORY), head.size());
  }

  private List<Long> history(Path to, long until) throws IOException {
    Files.createDirectories(to);
    List<Long> sizes = new ArrayList<>();
    Path from = logFolder.resolve(LogPublisher.HISTORY);
    if (Files.isDirectory(from)) {
      try (Stream<Path> all = Files.list(from)) {
        for (Path one : all.toList()) {
          String name = one.getFileName().toString();
          if (name.matches("[0-9]{1,18}") && Long.parseLong(name) <= until) {
            Files.copy(one, to.resolve(name));
            sizes.add(Long.parseLong(name));
          }
        }
      }
    }
    sizes.sort(Long::compare);
    return sizes;
  }

  private static void put(Path log, TilePath path, byte[] content) throws IOException {
    Path file = log.resolve(path.text());
    Files.createDirectories(java.util.Objects.requireNonNull(file.getParent()));
    Files.write(file, content);
  }

  private void manifest(Checkpoint head, String checkpoint, Selected selected, List<Long> history)
      throws IOException {
    ObjectNode out =
        Json.object()
            .put("schema", SCHEMA)
            .put("scope", run.isPresent() ? "run" : "log")
            .put("origin", head.origin())
            .put("tenant", chain.tenant().value())
            .put("vkey", chain.shown().vkey())
            .put("size", head.size())
            .put("root", head.root().hex())
            .put("checkpoint", checkpoint)
            .put("events", selected.events().size())
            .put("locale", reader.locale())
            .put("zone", reader.zone().getId());
    run.ifPresent(r -> out.put("run", r));
    history.forEach(out.putArray("checkpoints")::add);
    Files.writeString(target.resolve("manifest.json"), Json.pretty(out) + "\n");
  }

  private void events(Selected selected, Checkpoint head, String checkpoint) throws IOException {
    boolean files = run.isPresent() || selected.events().size() <= FILES_MAX;
    Path leaves = target.resolve("leaves");
    Path proofs = target.resolve("proofs");
    if (files) {
      Files.createDirectories(leaves);
      Files.createDirectories(proofs);
    }
    try (BufferedWriter lines = Files.newBufferedWriter(target.resolve("events.txt"));
        BufferedWriter personal = Files.newBufferedWriter(target.resolve("payloads.jsonl"))) {
      for (Story.Told told : selected.events()) {
        long index = told.leaf().seq();
        lines.write(Prose.line(told.leaf(), told.personal(), reader) + "\n");
        Payload payload = selected.payloads().get(index);
        if (payload != null || told.personal() instanceof Prose.Personal.Erased) {
          ObjectNode line = payload == null ? Json.object().put("erased", true) : payload.json();
          personal.write(Json.write(line.put("index", index)) + "\n");
        }
        if (files) {
          Files.write(leaves.resolve(index + ".json"), chain.entry(index));
          Files.writeString(
              proofs.resolve(index + ".tlog-proof"),
              new ProofText(index, new byte[0], chain.include(index, head.size()), checkpoint)
                  .format());
        }
      }
    }
    if (selected.events().size() <= STORY_MAX) {
      Files.writeString(
          target.resolve("story.md"), story(chain.tenant().value(), selected.events(), reader));
    }
  }

  /** The story of these events, linked to the files of the folder. */
  static String story(String tenant, List<Story.Told> events, Prose.Reader reader) {
    LocalDate first = LocalDate.EPOCH;
    LocalDate last = LocalDate.EPOCH;
    for (Story.Told told : events) {
      LocalDate day = told.leaf().time().atZone(reader.zone()).toLocalDate();
      first = first.equals(LocalDate.EPOCH) || day.isBefore(first) ? day : first;
      last = day.isAfter(last) ? day : last;
    }
    return StoryTeller.tell(tenant, first, last, events, reader)
        .markdown(i -> "proofs/" + i + ".tlog-proof");
  }

  private void anchors(List<AnchorStore> stores, Checkpoint head) throws IOException {
    try (BufferedWriter out = Files.newBufferedWriter(target.resolve("anchors.jsonl"))) {
      for (AnchorStore store : stores) {
        for (Anchor anchor : store.all(head.origin())) {
          ObjectNode line =
              Json.object()
                  .put("store", store.kind())
                  .put("protects", store.protects())
                  .put("note", anchor.note())
                  .put("evidence", anchor.evidence());
          if (anchor.size() > 0 && anchor.size() <= head.size()) {
            ArrayNode proof = line.putArray("consistency");
            for (Digest hash : chain.extend(anchor.size(), head.size())) {
              proof.add(Base64.getEncoder().encodeToString(TreeHash.bytes(hash)));
            }
          }
          out.write(Json.write(line) + "\n");
        }
      }
    }
  }

  private String readme() {
    return """
    What this is
      %s of %s's audit chain, made by Choir.

    What to do (Java 25 or newer, no network)
      java -jar verify.jar .
      java -jar verify.jar . --key VKEY     with the log's key from somebody you trust

      The first line says what was checked, the last one OK or what is wrong and where. Without
      --key the key in manifest.json is used: then the folder proves that it was not changed since
      it was signed, not who signed it.

    What is in it
      manifest.json     what the folder is about: origin, key, size and root of the log
      story.md          the report for a reader; every line is linked to its events
      events.txt        every event in one sentence
    %s  leaves/N.json     event N as it stands in the log: its SHA-256 after a zero byte is the leaf
      proofs/N.tlog-proof  that the log holds it (C2SP tlog-proof)
      payloads.jsonl    the personal fields that are disclosed, with their salts. Of those that
                        were erased only the commitment in the leaf is left: it proves nothing
                        about them and the rest stays provable
      anchors.jsonl     what was stated about the log outside of it, and what each kind protects
      verify.jar        the program, made from the classes of the Choir that wrote the folder. You
                        need not trust it: the formats are public (RFC 6962, RFC 8785, C2SP
                        tlog-tiles, tlog-checkpoint, tlog-proof, signed-note)

    What it does not prove
      That what an event says is true outside of the machine that wrote it, and that an event was
      written for everything that happened. %s
    """
        .formatted(
            run.map(r -> "The events of run " + r).orElse("All"),
            chain.tenant(),
            run.isPresent()
                ? ""
                : "  log/              the whole log in the C2SP tlog-tiles layout\n",
            run.isPresent()
                ? "This folder is of one run: that no event of the run was left out shows only\n"
                    + "  in the whole log."
                : "");
  }
}
