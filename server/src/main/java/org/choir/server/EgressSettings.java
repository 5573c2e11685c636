package org.choir.server;

import java.util.ArrayList;
import java.util.List;
import org.choir.core.ChoirException;
import org.choir.sandbox.EgressRule;

/**
 * What VMs may reach outside, and what their programs may spend.
 *
 * @param allow rules for every VM, as {@link EgressRule} reads them, or {@code registries}
 * @param registries what {@code registries} stands for: the package registries that the operator
 *     trusts; no host is built in
 * @param allowPrivate {@code host:port} that may have a private address
 * @param guestModel whether programs in a run's VM may ask its model
 */
public record EgressSettings(
    List<String> allow, List<String> registries, List<String> allowPrivate, boolean guestModel) {
  static final String REGISTRIES = "registries";

  public EgressSettings {
    allow = List.copyOf(allow);
    registries = List.copyOf(registries);
    allowPrivate = List.copyOf(allowPrivate);
  }

  /**
   * The rules that stand behind words: {@code registries} becomes its list.
   *
   * @throws ChoirException {@code no_registries} if that list is empty, {@code bad_domain} for what
   *     is no rule
   */
  List<String> expand(List<String> words) {
    List<String> rules = new ArrayList<>();
    for (String word : words) {
      if (!word.equals(REGISTRIES)) {
        rules.add(word);
      } else if (registries.isEmpty()) {
        throw ChoirException.usage(
            "no_registries",
            "'registries' stands for nothing here",
            "name the hosts of your package registries in choir.yaml: egress.registries: [HOST, ...]");
      } else {
        rules.addAll(registries);
      }
    }
    for (String rule : rules) {
      try {
        EgressRule.of(rule);
      } catch (ChoirException e) {
        throw ChoirException.usage("bad_domain", e.failure().message(), e.failure().remedy());
      }
    }
    return List.copyOf(rules);
  }
}
