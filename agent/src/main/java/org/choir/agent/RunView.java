package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.choir.backbone.StateEntry;
import org.choir.core.AgentId;
import org.choir.core.Digest;

/**
 * What all agents of a run have recorded, as each of them may read it: events by kind, files by
 * agent. Thread-safe.
 */
final class RunView {

  /**
   * An agent's folder as recorded.
   *
   * @param stored digests of every version that is in the file store
   */
  record Folder(Map<String, WorkspaceFile> files, Set<String> folders, Set<Digest> stored) {
    static final Folder EMPTY = new Folder(Map.of(), Set.of(), Set.of());
  }

  private final Map<String, TreeMap<Integer, List<ObjectNode>>> events = new HashMap<>();
  private final Map<AgentId, Folder> folders = new HashMap<>();

  /** Adds a recorded entry of any agent of the run. */
  synchronized void apply(StateEntry entry, AgentState state) {
    boolean filesChanged = false;
    Set<Digest> stored = new HashSet<>();
    for (ObjectNode event : entry.events()) {
      String kind = event.path("kind").asText();
      events
          .computeIfAbsent(kind, k -> new TreeMap<>())
          .computeIfAbsent(entry.agent().number(), n -> new ArrayList<>())
          .add(event);
      if (kind.equals("file_changed")) {
        stored.add(new Digest(event.path("digest").asText()));
      }
      filesChanged |= kind.startsWith("file_") || kind.startsWith("folder_");
    }
    if (filesChanged) {
      stored.addAll(folder(entry.agent()).stored());
      folders.put(
          entry.agent(),
          new Folder(Map.copyOf(state.files()), Set.copyOf(state.folders()), Set.copyOf(stored)));
    }
  }

  /** Events of one kind: the lead's, then each subagent's by number, each in their order. */
  synchronized List<ObjectNode> recorded(String kind) {
    List<ObjectNode> out = new ArrayList<>();
    events.getOrDefault(kind, new TreeMap<>()).values().forEach(out::addAll);
    return List.copyOf(out);
  }

  /** The agent's folder as recorded. */
  synchronized Folder folder(AgentId agent) {
    return folders.getOrDefault(agent, Folder.EMPTY);
  }

  /** The agents that have recorded a file or folder. */
  synchronized Set<AgentId> agentsWithFiles() {
    return Set.copyOf(folders.keySet());
  }
}
