package org.choir.agent;

import java.time.InstantSource;
import java.util.Optional;
import java.util.function.BiFunction;
import org.choir.backbone.Backbone;
import org.choir.core.AuditSink;
import org.choir.core.Gate;
import org.choir.core.Money;
import org.choir.model.ModelAnswer.Usage;

/** What a runtime is made of. */
record RuntimeParts(
    Backbone backbone,
    Gate gate,
    AuditSink audit,
    AgentRuntime.Models models,
    AgentRuntime.VmSource vms,
    InstantSource clock,
    BiFunction<String, Usage, Optional<Money>> prices,
    Retry retry,
    Journal.Boundaries boundaries) {}
