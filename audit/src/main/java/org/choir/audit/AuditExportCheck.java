package org.choir.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Text;

/**
 * Checks a folder that {@link AuditExport} wrote, from its files and a public key alone: {@code
 * java -jar verify.jar DIR [--key VKEY]}. Exit status 0 if all fits, 1 if not, 2 for wrong usage.
 */
public final class AuditExportCheck {
  private static final int SHOWN_MAX = 20;
  private static final int FILE_BYTES_MAX = 1 << 30;

  private final Path folder;
  private final JsonNode manifest;
  private final NoteKey key;
  private final Checkpoint head;
  private final EventCheck check = new EventCheck();
  private final List<String> said = new ArrayList<>();
  private final Map<Long, Leaf> leaves = new TreeMap<>();

  /**
   * What was found.
   *
   * @param said what was checked, in words
   * @param problems in the order they were found; none if all fits
   */
  public record Found(List<String> said, List<LogVerifier.Problem> problems) {
    public Found {
      said = List.copyOf(said);
      problems = List.copyOf(problems);
    }

    /** The smallest event that is wrong, or -1. */
    public long firstBadIndex() {
      return problems.stream()
          .mapToLong(LogVerifier.Problem::index)
          .filter(i -> i >= 0)
          .min()
          .orElse(-1);
    }
  }

  private AuditExportCheck(Path folder, JsonNode manifest, NoteKey key, Checkpoint head) {
    this.folder = folder;
    this.manifest = manifest;
    this.key = key;
    this.head = head;
  }

  /** The command. */
  public static void main(String[] arguments) {
    System.exit(run(List.of(arguments), System.out, System.err));
  }

  static int run(List<String> arguments, PrintStream out, PrintStream err) {
    boolean withKey = arguments.size() == 3 && arguments.get(1).equals("--key");
    if (arguments.size() != 1 && !withKey) {
      err.println("usage: java -jar verify.jar DIR [--key VKEY]");
      return 2;
    }
    Found found;
    try {
      found =
          check(
              Path.of(arguments.getFirst()),
              withKey ? Optional.of(arguments.get(2)) : Optional.empty());
    } catch (ChoirException e) {
      err.println(e.getMessage());
      return 2;
    }
    found.said().forEach(out::println);
    found.problems().stream()
        .limit(SHOWN_MAX)
        .forEach(
            p ->
                out.println(
                    "PROBLEM "
                        + p.kind()
                        + (p.index() < 0 ? "" : " at event " + p.index())
                        + (p.file().isEmpty() ? "" : " in " + Text.visible(p.file(), 200))
                        + ": "
                        + Text.visible(p.message(), 500)));
    if (found.problems().isEmpty()) {
      out.println("OK");
      return 0;
    }
    out.println(
        "NOT OK: "
            + found.problems().size()
            + " problems"
            + (found.firstBadIndex() < 0
                ? ""
                : ", the first bad event is " + found.firstBadIndex()));
    return 1;
  }

  /**
   * Checks the folder.
   *
   * @param vkey the log's key from elsewhere; empty for the one that the folder names
   * @throws ChoirException if it is no such folder; whatever else is wrong is a problem in the
   *     result
   */
  public static Found check(Path folder, Optional<String> vkey) {
    try {
      JsonNode manifest = Json.parse(read(folder.resolve("manifest.json")));
      if (!manifest.path("schema").asText().equals(AuditExport.SCHEMA)) {
        throw ChoirException.usage(
            "not_an_export", folder + " is no export of an audit chain", "name another folder");
      }
      NoteKey key = NoteKey.parse(vkey.orElse(manifest.path("vkey").asText()));
      Checkpoint head;
      try {
        head = Checkpoint.verified(manifest.path("checkpoint").asText(), key);
      } catch (LogException e) {
        return new Found(
            List.of(), List.of(problem("checkpoint_invalid", -1, e.failure().message())));
      }
      AuditExportCheck check = new AuditExportCheck(folder, manifest, key, head);
      check.run(vkey.isPresent());
      return new Found(check.said, check.check.problems());
    } catch (IOException e) {
      throw ChoirException.usage(
          "not_an_export",
          folder + " cannot be read: " + e,
          "name a folder that choir audit export wrote");
    }
  }

  private void run(boolean keyFromElsewhere) throws IOException {
    said.add(
        "Log "
            + Text.visible(head.origin(), 200)
            + " of "
            + head.size()
            + " events, root "
            + head.root()
            + ", signed by "
            + key.vkey()
            + (keyFromElsewhere ? "" : " (the key that this folder names itself)"));
    require(
        manifest.path("size").asLong() == head.size()
            && manifest.path("root").asText().equals(head.root().hex())
            && manifest.path("origin").asText().equals(head.origin()),
        "manifest_differs",
        "the manifest does not say what the signed checkpoint says");
    if (manifest.path("scope").asText().equals("log")) {
      log();
    } else {
      run(manifest.path("run").asText());
    }
    require(
        leaves.size() == manifest.path("events").asLong(),
        "event_missing",
        "the folder has "
            + leaves.size()
            + " events, its manifest says "
            + manifest.path("events").asLong());
    Map<Long, Prose.Personal> personal =
        new AuditExportPayloads(leaves, check, said).read(lines("payloads.jsonl"));
    prose(personal);
    anchors();
  }

  /** The whole log: the tree, then the chain of events in it. */
  private void log() throws IOException {
    Path log = folder.resolve("log");
    LogVerifier.Verification tree = LogVerifier.verify(log, key.vkey());
    tree.problems().forEach(p -> check.add(p.kind(), p.index(), p.file() + ": " + p.message()));
    require(
        tree.size() == head.size() && tree.root().equals(head.root()),
        "log_differs",
        "the log in the folder is not the one of the manifest");
    require(
        lines("log/log.vkey").equals(List.of(key.vkey())),
        "log_differs",
        "log/log.vkey is not the log's key");
    for (JsonNode size : manifest.path("checkpoints")) {
      require(
          Files.exists(log.resolve(LogPublisher.HISTORY).resolve(size.asText())),
          "file_missing",
          "the checkpoint of size " + size.asText() + " is missing");
    }
    for (long i = 0; i < head.size(); i += TilePath.FULL) {
      int width = (int) Math.min(TilePath.FULL, head.size() - i);
      try {
        TilePath path = new TilePath(TilePath.ENTRIES, i / TilePath.FULL, width);
        List<byte[]> entries = TileEntries.decode(read(log.resolve(path.text())));
        for (int n = 0; n < Math.min(width, entries.size()); n++) {
          keep(i + n, entries.get(n));
        }
      } catch (IOException | LogException e) {
        check.add("bundle_unreadable", i, "the events from " + i + " cannot be read");
      }
    }
    int proofs = files();
    require(
        head.size() > AuditExport.FILES_MAX || proofs == head.size(),
        "file_missing",
        "only " + proofs + " of " + head.size() + " events have a file and a proof of their own");
    said.add(
        "Tree, bundles and checkpoints of "
            + tree.size()
            + " events fit; the events link to each other");
  }

  /** One run: each event by its own proof. */
  private void run(String run) throws IOException {
    int proofs = files();
    leaves
        .values()
        .forEach(
            leaf -> {
              if (!leaf.intent().equals(run)) {
                check.add("run_differs", leaf.seq(), "event " + leaf.seq() + " is not of the run");
              }
            });
    said.add(proofs + " events of run " + Text.visible(run, 40) + ", each with its proof");
  }

  /** The files of single events: each is what the log holds at its place. */
  private int files() throws IOException {
    Path all = folder.resolve("leaves");
    int proofs = 0;
    if (!Files.isDirectory(all)) {
      return proofs;
    }
    List<Long> indexes = new ArrayList<>();
    try (var names = Files.list(all)) {
      for (Path name : names.toList()) {
        String number = name.getFileName().toString().replaceFirst("\\.json$", "");
        if (!number.matches("0|[1-9][0-9]{0,17}")) {
          check.add("file_extra", -1, "leaves/" + name.getFileName() + " is no event's");
        } else {
          indexes.add(Long.parseLong(number));
        }
      }
    }
    indexes.sort(Long::compare);
    boolean alone = leaves.isEmpty();
    for (long index : indexes) {
      byte[] entry = read(all.resolve(index + ".json"));
      if (alone) {
        keep(index, entry);
      }
      Path proof = folder.resolve("proofs").resolve(index + ".tlog-proof");
      try {
        ProofText text = ProofText.parse(new String(read(proof), StandardCharsets.UTF_8));
        Checkpoint shown = text.verify(entry, head.origin(), key);
        if (text.index() != index || !shown.root().equals(head.root())) {
          check.add("proof_fails", index, "the proof of event " + index + " is another one's");
        }
        proofs++;
      } catch (IOException | LogException e) {
        check.add("proof_fails", index, "event " + index + " is not proved: " + e.getMessage());
      }
    }
    return proofs;
  }

  private void keep(long index, byte[] entry) {
    check.add(index, entry).ifPresent(leaf -> leaves.put(index, leaf));
  }

  private void prose(Map<Long, Prose.Personal> personal) throws IOException {
    Prose.Reader reader;
    try {
      reader =
          new Prose.Reader(
              manifest.path("locale").asText(), ZoneId.of(manifest.path("zone").asText()));
    } catch (java.time.DateTimeException e) {
      check.add("prose_differs", -1, "there is no zone " + manifest.path("zone"));
      return;
    }
    List<Story.Told> told = new ArrayList<>();
    leaves.forEach(
        (index, leaf) -> {
          Prose.Personal none =
              leaf.payload().isEmpty() ? new Prose.Personal.None() : new Prose.Personal.Withheld();
          told.add(new Story.Told(leaf, personal.getOrDefault(index, none)));
        });
    List<String> lines = lines("events.txt");
    for (int i = 0; i < told.size(); i++) {
      String line = Prose.line(told.get(i).leaf(), told.get(i).personal(), reader);
      if (i >= lines.size() || !lines.get(i).equals(line)) {
        long index = told.get(i).leaf().seq();
        check.add("prose_differs", index, "events.txt does not say what event " + index + " says");
        return;
      }
    }
    require(lines.size() == told.size(), "prose_differs", "events.txt says more than the events");
    if (told.size() <= AuditExport.STORY_MAX) {
      String story = text("story.md");
      require(
          story.equals(AuditExport.story(manifest.path("tenant").asText(), told, reader)),
          "prose_differs",
          "story.md does not say what the events say");
    }
    said.add("Prose: " + told.size() + " sentences and the story are what the events say");
  }

  private void anchors() throws IOException {
    Map<String, Integer> counts = new TreeMap<>();
    Map<String, Anchor> before = new HashMap<>();
    for (String line : lines("anchors.jsonl")) {
      try {
        ObjectNode json = Json.parseObject(line);
        String store = json.path("store").asText();
        Anchor anchor = Anchor.parse(json.path("note").asText(), new byte[0]);
        Optional<String> wrong =
            AuditExportAnchors.wrong(
                anchor,
                Optional.ofNullable(before.put(store, anchor)),
                AuditExportAnchors.proof(json),
                head,
                key);
        wrong.ifPresent(
            why ->
                check.add(
                    "anchor_differs",
                    -1,
                    "anchor " + anchor.number() + " at " + Text.visible(store, 40) + " " + why));
        counts.merge(Text.visible(store, 40), 1, Integer::sum);
      } catch (ChoirException | IllegalArgumentException e) {
        check.add("anchor_differs", -1, "a line of anchors.jsonl is no anchor");
      }
    }
    said.add(
        counts.isEmpty()
            ? "Anchors: none in this folder"
            : "Anchors: " + counts + ", each signed, linked and a prefix of the log");
  }

  private List<String> lines(String name) throws IOException {
    return text(name).lines().toList();
  }

  private String text(String name) throws IOException {
    Path file = folder.resolve(name);
    if (!Files.exists(file)) {
      check.add("file_missing", -1, name + " is missing");
      return "";
    }
    return new String(read(file), StandardCharsets.UTF_8);
  }

  private static byte[] read(Path file) throws IOException {
    return new LogDisk().read(file, FILE_BYTES_MAX);
  }

  private void require(boolean holds, String kind, String message) {
    if (!holds) {
      check.add(kind, -1, message);
    }
  }

  private static LogVerifier.Problem problem(String kind, long index, String message) {
    return new LogVerifier.Problem(kind, "", index, message);
  }
}
