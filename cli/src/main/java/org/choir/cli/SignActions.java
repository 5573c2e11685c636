package org.choir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir vm sign} and {@code choir vm key}: the user's own signing key. */
final class SignActions {
  private SignActions() {}

  /** {@code choir vm sign}. */
  @Command(
      name = "sign",
      description = {
        "Sign a file with your key, which never leaves your signer VM.",
        "The Ed25519 signature is over the lines 'choir signature 1', CONTEXT and 'sha256', each"
            + " with a line feed, then the 32 bytes of the file's SHA-256; --json prints them as"
            + " 'signed'."
      },
      footer = {"", "Example:", "  choir vm sign --context report/v1 report.md"})
  static final class Sign extends Action {
    @Option(
        names = "--context",
        paramLabel = "C",
        defaultValue = "file/v1",
        description = "What the signature is for (default: ${DEFAULT-VALUE}).")
    String purpose = "";

    @Parameters(paramLabel = "FILE", description = "The file to sign.")
    String file = "";

    Sign(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode request =
          Json.object().put("context", purpose).put("file", context.absolute(file).toString());
      ObjectNode signed = ask("vm.sign", request, e -> say(e.path("progress").asText()));
      say(signed.path("notice").asText());
      print(
          signed,
          "key        %s%nsignature  %s"
              .formatted(signed.path("key").asText(), signed.path("signature").asText()));
      return 0;
    }
  }

  /** {@code choir vm key}. */
  @Command(
      name = "key",
      description = "Print your public signing key; the first call makes the key.",
      footer = {"", "Examples:", "  choir vm key", "  choir vm key --new"})
  static final class Key extends Action {
    @Option(
        names = "--new",
        description = "Give the key up, even one that is only unreachable, and make a new one.")
    boolean fresh;

    Key(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode key =
          ask("vm.key", Json.object().put("new", fresh), e -> say(e.path("progress").asText()));
      for (JsonNode each : key.path("keys")) {
        if (each.path("state").asText().equals("lost")) {
          say("lost: " + each.path("key").asText());
        }
      }
      print(key, key.path("key").asText());
      return 0;
    }
  }
}
