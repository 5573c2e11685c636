package org.choir.vibewriter;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.choir.agent.AgentDefinition;
import org.choir.agent.AgentDefinition.Policy;
import org.choir.agent.Tool;
import org.choir.core.TenantId;
import org.choir.knowledge.ClaimVerifier;
import org.choir.knowledge.ModelJudge;
import org.choir.knowledge.SourceLibrary;
import org.choir.model.ModelClient;

/**
 * The research agent: a lead that plans, delegates, writes and submits, and the subagents it can
 * delegate to. Their instructions stand in this room's resources, one file each.
 */
final class Vibewriter {
  static final String LEAD = "vibewriter";
  static final String RESEARCHER = "researcher";
  static final String VERIFIER = "verifier";
  static final String PUBLISHER = "publisher";

  private Vibewriter() {}

  /**
   * The lead's definition.
   *
   * @param model writes the report and, if it is a language model, is asked for a second opinion on
   *     claims
   * @param wallet what the lead may ask in its user's name
   * @param user whose run it is
   * @param outside the tools for the web, for the lead and its researchers; none if the run stays
   *     on this machine
   */
  static AgentDefinition definition(
      SourceLibrary library,
      KnowledgeAccess knowledge,
      WalletAccess wallet,
      TenantId user,
      ModelClient model,
      List<Tool> outside) {
    Drafts drafts = new Drafts(library, verifier(model));
    Tool search = new SearchSources(library);
    Tool articles = new SearchChoirKb(library, knowledge);
    Tool read = new ReadSource(library);
    Tool verify = new VerifyDraft(drafts);
    Tool submit = new SubmitReport(library, drafts, model.isLanguageModel());
    List<Tool> tools = new ArrayList<>(with(outside, articles, search, read, verify, submit));
    boolean hasWallet = wallet.has(user);
    if (hasWallet || knowledge.mayPublish()) {
      tools.add(new WalletTool(new PublishToChoir(knowledge, wallet), wallet));
    }
    if (knowledge.mayPublish()) {
      tools.add(new CiteArticle(knowledge));
    }
    if (hasWallet) {
      tools.add(new WalletBalance(wallet));
      tools.add(new WalletTool(new StakeChip(wallet), wallet));
      tools.add(new WalletTool(new TransferUsdc(wallet), wallet));
    }
    List<AgentDefinition> subagents =
        List.of(
            subagent(
                RESEARCHER,
                "Finds the passages that answer one sub-question and returns findings with their"
                    + " evidence keys. Knows only what its task says.",
                with(outside, articles, search, read),
                List.of("ls", "read_file", "write_file", "grep", "execute", "read_skill"),
                SubagentPolicy.RESEARCHER),
            subagent(
                VERIFIER,
                "Judges a draft by the evidence it cites, with nothing else in mind. Name the"
                    + " draft's path in the task.",
                List.of(read, verify),
                List.of("read_file"),
                SubagentPolicy.VERIFIER),
            subagent(
                PUBLISHER,
                "Prepares title, abstract, field and keywords of a submitted report for"
                    + " publication. Name the report's path in the task.",
                List.of(),
                List.of("ls", "read_file", "write_file", "read_skill"),
                SubagentPolicy.PUBLISHER));
    return new AgentDefinition(
        LEAD,
        "Answers a question with a report in which every sentence is verified against its source.",
        instructions(LEAD),
        tools,
        List.of(
            "write_todos",
            "ls",
            "read_file",
            "write_file",
            "edit_file",
            "delete",
            "glob",
            "grep",
            "execute",
            "read_skill",
            "task"),
        subagents,
        new LeadPolicy(),
        List.of(
            new GuestSearch(library),
            new GuestVerify(new Drafts(library, ClaimVerifier.byRules())),
            new GuestFetch(library)));
  }

  private static List<Tool> with(List<Tool> more, Tool... tools) {
    return Stream.concat(Stream.of(tools), more.stream()).toList();
  }

  /** The rules always judge first; a language model only what they leave open. */
  static ClaimVerifier verifier(ModelClient model) {
    return model.isLanguageModel()
        ? ClaimVerifier.with(new ModelJudge(model))
        : ClaimVerifier.byRules();
  }

  private static AgentDefinition subagent(
      String name, String description, List<Tool> tools, List<String> builtIns, Policy policy) {
    return new AgentDefinition(
        name, description, instructions(name), tools, builtIns, List.of(), policy);
  }

  private static String instructions(String name) {
    try (InputStream in = Vibewriter.class.getResourceAsStream(name + ".md")) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks its resource " + name + ".md");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
