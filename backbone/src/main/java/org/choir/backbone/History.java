package org.choir.backbone;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.jspecify.annotations.Nullable;

/**
 * An agent's history while it is being read: each entry must follow the one before by number, by
 * epoch and by hash. It shows what was changed, dropped, swapped or put in between, though not that
 * the newest entries are gone: for that, the heads of the chains must be kept elsewhere.
 */
final class History {
  private final AgentId agent;
  private final List<StateEntry> entries = new ArrayList<>();

  History(AgentId agent) {
    this.agent = agent;
  }

  /** The lowest sequence that the next entry can have. */
  long next() {
    return entries.isEmpty() ? 1 : entries.getLast().sequence() + 1;
  }

  void add(StateMessage.Read read) {
    StateEntry entry = read.entry();
    StateEntry before = entries.isEmpty() ? null : entries.getLast();
    long n = before == null ? 1 : before.n() + 1;
    Digest hash = before == null ? null : before.hash();
    if (!entry.agent().equals(agent)) {
      throw damaged(agent, entry.sequence(), "it belongs to " + entry.agent(), null);
    }
    if (entry.n() != n) {
      String found = "it is number " + entry.n() + " where number " + n + " belongs";
      throw damaged(agent, entry.sequence(), found, null);
    }
    if (before != null && entry.epoch() < before.epoch()) {
      throw damaged(agent, entry.sequence(), "an earlier owner wrote it", null);
    }
    if (before != null && !entry.tenant().equals(before.tenant())) {
      throw damaged(agent, entry.sequence(), "it belongs to " + entry.tenant(), null);
    }
    if (!Objects.equals(hash, read.previous())) {
      throw damaged(agent, entry.sequence(), "it does not follow the entry before it", null);
    }
    entries.add(entry);
  }

  List<StateEntry> entries() {
    return Collections.unmodifiableList(entries);
  }

  static ChoirException damaged(
      AgentId agent, long sequence, String how, @Nullable Throwable cause) {
    return ChoirException.fatal(
        "history_damaged",
        "the history of " + agent + " is damaged from event " + sequence + " on: " + how,
        "restore a backup: choir restore FILE",
        cause);
  }
}
