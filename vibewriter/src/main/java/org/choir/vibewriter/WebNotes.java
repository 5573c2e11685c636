package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.choir.agent.ToolContext;
import org.choir.core.Text;
import org.choir.knowledge.WebSource;

/** What a report says of the web pages its run met: how many were read, and which could not be. */
final class WebNotes {
  private static final int NAMED_MAX = 20;
  private static final int REASON_MAX = 300;

  private WebNotes() {}

  static List<String> of(ToolContext context) {
    Set<String> read = new TreeSet<>();
    Set<String> changed = new TreeSet<>();
    Set<String> warned = new TreeSet<>();
    Map<String, String> unreadable = new TreeMap<>();
    for (ObjectNode event : context.recorded(GuestFetch.FETCHED)) {
      if (Web.address(event.path("url").asText()).isEmpty()) {
        continue; // an article of the knowledge base
      }
      read.add(event.path("url").asText());
      if (event.path("state").asText().equals(WebSource.State.CHANGED.word())) {
        changed.add(event.path("url").asText());
      }
      if (event.path("speaks_to_machines").asBoolean()) {
        warned.add(event.path("url").asText());
      }
    }
    for (ObjectNode event : context.recorded(FetchSource.UNREADABLE)) {
      String url = event.path("url").asText();
      if (!read.contains(url)) {
        unreadable.put(url, FetchSource.said(event.path("state").asText()));
      }
    }
    List<String> notes = new ArrayList<>();
    notes.add(
        read.size() == 1
            ? "One page of the web was read."
            : read.size() + " pages of the web were read.");
    if (!unreadable.isEmpty()) {
      List<String> named = new ArrayList<>();
      unreadable.forEach((url, why) -> named.add(url + " (" + why + ")"));
      notes.add(
          "Pages that could not be read and are no evidence: " + listed(named, unreadable.size()));
    }
    if (!changed.isEmpty()) {
      notes.add(
          "Pages that have changed since an earlier reading: "
              + listed(List.copyOf(changed), changed.size()));
    }
    if (!warned.isEmpty()) {
      notes.add(
          "Pages with sentences that speak to programs, which are no evidence: "
              + listed(List.copyOf(warned), warned.size()));
    }
    context.recorded("observed").stream()
        .filter(e -> e.path("tool").asText().equals(SearchWeb.NAME) && e.path("failed").asBoolean())
        .map(e -> Text.visible(e.path("text").asText(), REASON_MAX).strip())
        .sorted()
        .findFirst()
        .ifPresent(why -> notes.add("A search of the web failed: " + why));
    return notes;
  }

  private static String listed(List<String> named, int all) {
    String some = String.join(", ", named.subList(0, Math.min(NAMED_MAX, named.size())));
    return some + (all > NAMED_MAX ? ", and " + (all - NAMED_MAX) + " more." : ".");
  }
}
