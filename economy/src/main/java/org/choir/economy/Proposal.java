package org.choir.economy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.core.Text;

/**
 * Something that those who own CHIP decide.
 *
 * @param quorum parts per million of the CHIP in circulation, as it was when it was made; so are
 *     the timelock and the closing time
 * @param timelock seconds between the end of the vote and its effect
 * @param snapshot votes are weighed by the ledger as it stood after so many orders
 * @param circulating CHIP outside the treasury at the snapshot
 * @param price micro-dollars for a whole CHIP at the snapshot; 0 if there was none
 * @param reason how it ended
 */
public record Proposal(
    String id,
    TenantId proposer,
    Content content,
    long bond,
    long quorum,
    long timelock,
    Instant at,
    Instant closesAt,
    long snapshot,
    long circulating,
    long price,
    State state,
    String reason) {

  /** Where a proposal is in its life. */
  public enum State {
    REQUESTED,
    OPEN,
    /** More against than for, or too few. */
    REJECTED,
    /** Waits for its timelock. */
    PASSED,
    EXECUTED,
    /** Passed, but could not take effect any more. */
    VOID
  }

  /** When a passed one takes effect. */
  public Instant effectiveAt() {
    return closesAt.plusSeconds(timelock);
  }

  /** What is proposed. */
  public sealed interface Content permits Change, Allocation, Upgrade {
    /** Its kind, a word. */
    String kind();

    /** What it is about: one number, one account, one text. */
    String subject();

    /** As it is stored. */
    ObjectNode json();
  }

  /**
   * A governed number gets another value.
   *
   * @param was its value when this was proposed
   */
  public record Change(Parameter parameter, long was, long value) implements Content {
    @Override
    public String kind() {
      return "parameter";
    }

    @Override
    public String subject() {
      return parameter.word();
    }

    @Override
    public ObjectNode json() {
      return Json.object().put("parameter", parameter.name()).put("was", was).put("value", value);
    }
  }

  /**
   * The treasury gives something away, or sets dollars aside to lend.
   *
   * @param to a user's available purse, or {@link Chart#lending}
   * @param share the most of its holdings that one vote may give, in parts per million
   */
  public record Allocation(AccountId to, long amount, long share, String purpose)
      implements Content {
    private static final int PURPOSE_MAX = 500;

    public Allocation {
      boolean user = to.owner().startsWith("user:") && to.purse().equals("available");
      if (!user && !to.equals(Chart.lending())) {
        throw ChoirException.usage(
            "bad_allocation",
            "the treasury gives nothing to " + to,
            "name a user's available purse, or " + Chart.lending());
      }
      Requests.amount(amount, to.currency().name());
      purpose = Text.visible(purpose, PURPOSE_MAX);
    }

    @Override
    public String kind() {
      return "allocation";
    }

    @Override
    public String subject() {
      return to.toString();
    }

    @Override
    public ObjectNode json() {
      return Json.object()
          .put("to", to.toString())
          .put("amount", amount)
          .put("share", share)
          .put("purpose", purpose);
    }
  }

  /** A text that says what shall be built or replaced; its effect is that it was decided. */
  public record Upgrade(String title, String text) implements Content {
    private static final int TITLE_MAX = 200;
    private static final int TEXT_MAX = 100_000;

    public Upgrade {
      title = Text.visible(title, TITLE_MAX);
      if (title.isBlank() || text.isBlank() || text.length() > TEXT_MAX) {
        throw ChoirException.usage(
            "bad_upgrade",
            "an upgrade needs a title and a text of at most " + TEXT_MAX + " characters",
            "give both");
      }
    }

    /** Names the text. */
    public Digest digest() {
      return Digest.of(text);
    }

    @Override
    public String kind() {
      return "upgrade";
    }

    @Override
    public String subject() {
      return digest().hex();
    }

    @Override
    public ObjectNode json() {
      return Json.object().put("title", title).put("text", text).put("digest", digest().hex());
    }
  }

  /** Reads what {@link Content#json} wrote. */
  static Content parse(String kind, ObjectNode json) {
    return switch (kind) {
      case "parameter" ->
          new Change(
              Parameter.valueOf(json.path("parameter").asText()),
              json.path("was").asLong(),
              json.path("value").asLong());
      case "allocation" ->
          new Allocation(
              AccountId.parse(json.path("to").asText()),
              json.path("amount").asLong(),
              json.path("share").asLong(),
              json.path("purpose").asText());
      case "upgrade" -> new Upgrade(json.path("title").asText(), json.path("text").asText());
      default -> throw new IllegalArgumentException("a proposal of the kind " + kind);
    };
  }

  /** A vote that was cast. */
  public record Vote(
      TenantId voter, boolean yes, long weight, Explanation explanation, Instant at) {}

  /** The votes so far, and how it stands or ended. */
  public record Count(Proposal proposal, Optional<VoteRule.Decision> decision, int voters) {}
}
