package org.choir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir kb}, {@code publish}, {@code revise}, {@code boost} and {@code cite}. */
@Command(
    name = "kb",
    description = "The knowledge base: published articles.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      KbActions.Search.class,
      KbActions.Show.class,
      KbActions.Rebuild.class,
      KbActions.Review.class,
      KbActions.Withdraw.class,
      KbActions.Rings.class,
      KbActions.Release.class,
      KbActions.Account.class,
      KbActions.Uncite.class
    },
    footer = {"", "Examples:", "  choir kb search \"Fresnel lens\"", "  choir kb show ID"})
final class KbActions extends Action {
  KbActions(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    throw ChoirException.usage("no_command", "kb needs a command", "see: choir help kb");
  }

  /** {@code choir kb search}. */
  @Command(
      name = "search",
      description = "Find articles by words and meaning.",
      footer = {"", "Example:", "  choir kb search \"how lenses were polished\" --field optics"})
  static final class Search extends Asking {
    @Parameters(paramLabel = "QUESTION", description = "What to look for.")
    String question = "";

    @Option(names = "--field", paramLabel = "F", defaultValue = "all", description = "Only here.")
    String field = "";

    @Option(names = "--author", paramLabel = "USER", defaultValue = "", description = "Only by.")
    String author = "";

    @Option(names = "--limit", paramLabel = "N", defaultValue = "10", description = "At most.")
    int limit;

    Search(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer(
          "kb.search",
          Json.object()
              .put("question", question)
              .put("field", field)
              .put("author", author)
              .put("limit", limit));
    }
  }

  /** {@code choir kb show}. */
  @Command(
      name = "show",
      description = "Show an article, its novelty, its versions and citations.",
      footer = {"", "Example:", "  choir kb show ID --body"})
  static final class Show extends Asking {
    @Parameters(paramLabel = "ID", description = "The article.")
    String id = "";

    @Option(names = "--body", description = "With its text.")
    boolean body;

    Show(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("kb.show", Json.object().put("id", id).put("body", body));
    }
  }

  /** {@code choir kb rebuild}. */
  @Command(
      name = "rebuild",
      description = "Make the search index anew and compare it with the tables row for row.",
      footer = {"", "Example:", "  choir kb rebuild"})
  static final class Rebuild extends Asking {
    Rebuild(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("kb.rebuild", Json.object());
    }
  }

  /** {@code choir kb review}. */
  @Command(
      name = "review",
      description = "Decide whether the first article of its field may be paid.",
      footer = {"", "Example:", "  choir kb review ID --accept --as editor"})
  static final class Review extends Asking {
    @Parameters(paramLabel = "ID", description = "The article.")
    String id = "";

    @Option(names = "--accept", description = "It may be paid.")
    boolean accept;

    @Option(names = "--reject", description = "It may not.")
    boolean reject;

    Review(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      if (accept == reject) {
        throw ChoirException.usage(
            "bad_decision", "say either --accept or --reject", "see: choir help kb review");
      }
      return answer("kb.review", Json.object().put("id", id).put("accept", accept));
    }
  }

  /** {@code choir kb withdraw}. */
  @Command(
      name = "withdraw",
      description = "Take an article of yours back: it is no longer found.",
      footer = {"", "Example:", "  choir kb withdraw ID"})
  static final class Withdraw extends Asking {
    @Parameters(paramLabel = "ID", description = "The article.")
    String id = "";

    Withdraw(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("kb.withdraw", Json.object().put("id", id));
    }
  }

  /** {@code choir kb rings}. */
  @Command(
      name = "rings",
      description = "List groups that cite each other far more than their field does.",
      footer = {"", "Example:", "  choir kb rings --find"})
  static final class Rings extends Asking {
    @Option(names = "--find", description = "Look now instead of tonight.")
    boolean find;

    Rings(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("kb.rings", Json.object().put("find", find));
    }
  }

  /** {@code choir kb release}. */
  @Command(
      name = "release",
      description = "Let the citations of a frozen ring count again.",
      footer = {"", "Example:", "  choir kb release ring-0123456789 --as editor"})
  static final class Release extends Asking {
    @Parameters(paramLabel = "RING", description = "The ring.")
    String id = "";

    Release(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("kb.release", Json.object().put("id", id));
    }
  }

  /** {@code choir kb account}. */
  @Command(
      name = "account",
      description =
          "Say whose an account is: accounts of one owner cite each other without weight.",
      footer = {"", "Example:", "  choir kb account bob2 --owner bob --as editor"})
  static final class Account extends Asking {
    @Parameters(paramLabel = "NAME", description = "The account.")
    String name = "";

    @Option(
        names = "--owner",
        paramLabel = "OWNER",
        description = "Whose it is; itself if left out.")
    String owner = "";

    @Option(names = "--seed", description = "Trust begins with it.")
    boolean seed;

    Account(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode request = Json.object().put("name", name).put("seed", seed);
      if (!owner.isEmpty()) {
        request.put("owner", owner);
      }
      return answer("kb.account", request);
    }
  }

  /** {@code choir kb uncite}. */
  @Command(
      name = "uncite",
      description = "Take a citation of yours back; it stays in the history and weighs nothing.",
      footer = {"", "Example:", "  choir kb uncite CITATION"})
  static final class Uncite extends Asking {
    @Parameters(paramLabel = "CITATION", description = "The citation, as kb show --json names it.")
    String id = "";

    Uncite(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("kb.uncite", Json.object().put("id", id));
    }
  }

  /** {@code choir publish}. */
  @Command(
      name = "publish",
      description = {
        "Publish a Markdown file, with FILE.verification.json if it stands beside it.",
        "Novelty decides: 0 is rejected and the stake given back, below 20 earns nothing."
      },
      footer = {"", "Example:", "  choir publish report.md --field optics"})
  static final class Publish extends Asking {
    @Parameters(paramLabel = "FILE", description = "A Markdown file.")
    String file = "";

    @Option(names = "--field", paramLabel = "F", required = true, description = "Its subject.")
    String field = "";

    @Option(names = "--stake", paramLabel = "CHIP", defaultValue = "100", description = "10-1000.")
    int stake;

    Publish(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer(
          "publish",
          Json.object().put("file", readable(file)).put("field", field).put("stake", stake));
    }
  }

  /** {@code choir revise}. */
  @Command(
      name = "revise",
      description = "Publish a new version of an article of yours; its score stays.",
      footer = {"", "Example:", "  choir revise ID report.md"})
  static final class Revise extends Asking {
    @Parameters(index = "0", paramLabel = "ID", description = "The article.")
    String id = "";

    @Parameters(index = "1", paramLabel = "FILE", description = "A Markdown file.")
    String file = "";

    Revise(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("revise", Json.object().put("id", id).put("file", readable(file)));
    }
  }

  /** {@code choir boost}. */
  @Command(
      name = "boost",
      description = "Show an article somewhat earlier among those that are as relevant.",
      footer = {"", "Example:", "  choir boost ID --chip 25"})
  static final class Boost extends Asking {
    @Parameters(paramLabel = "ID", description = "The article.")
    String id = "";

    @Option(names = "--chip", paramLabel = "N", defaultValue = "25", description = "1-500.")
    int chip;

    Boost(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("boost", Json.object().put("id", id).put("chip", chip));
    }
  }

  /** {@code choir cite}. */
  @Command(
      name = "cite",
      description = {
        "Cite an article from one of yours.",
        "Without a claim that the cited text supports, the citation weighs nothing."
      },
      footer = {"", "Example:", "  choir cite FROM TO --claim \"Its focal distance is 920 mm.\""})
  static final class Cite extends Asking {
    @Parameters(index = "0", paramLabel = "FROM", description = "Your article.")
    String from = "";

    @Parameters(index = "1", paramLabel = "TO", description = "The cited one.")
    String to = "";

    @Option(
        names = "--claim",
        paramLabel = "TEXT",
        defaultValue = "",
        description = "Said with it.")
    String claim = "";

    Cite(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return answer("cite", Json.object().put("from", from).put("to", to).put("claim", claim));
    }
  }
}
