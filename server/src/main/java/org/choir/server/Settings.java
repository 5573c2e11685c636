package org.choir.server;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.choir.backbone.Backbone;
import org.choir.database.Database;
import org.choir.sandbox.Quota;

/**
 * What can be configured, typed and checked. Every value has a default; see {@link Config} for
 * where values come from.
 *
 * @param model {@code extractive} or {@code PROVIDER:NAME}, for runs that do not say
 * @param depth {@code quick}, {@code standard} or {@code deep}, for runs that do not say
 * @param runsAtOnce runs side by side; further ones are queued
 * @param idle without clients and runs until the server ends itself
 * @param durability how an append is acknowledged
 * @param natsPort a loopback port, 0 for a free one
 * @param database a PostgreSQL of someone else's; the server runs its own otherwise
 * @param audit how the audit chains are written and anchored
 * @param accelerator {@code auto}, {@code kvm} or {@code tcg}
 * @param image the guest image's folder; empty for the one that this repository builds
 * @param keepVm how long the VM of a run that waits runs on before it is suspended
 * @param lease how long a VM that nobody uses runs before it is suspended
 * @param pool VMs that are kept ready for the next caller
 * @param quota what one user's VMs may take at once
 * @param driver where VMs live
 * @param egress what VMs may reach outside
 * @param web what runs with {@code --web} and verifications may reach
 * @param knowledge how articles are embedded and kept, and who decides about them
 * @param economy what costs and pays
 * @param consent providers that private files may be sent to
 */
public record Settings(
    String model,
    String depth,
    int runsAtOnce,
    Duration idle,
    Backbone.Durability durability,
    int natsPort,
    Optional<Database.External> database,
    AuditSettings audit,
    String accelerator,
    int memoryMib,
    int overlayMib,
    int vmLimit,
    Optional<Path> image,
    Duration keepVm,
    Duration lease,
    int pool,
    Quota quota,
    DriverSettings driver,
    EgressSettings egress,
    WebSettings web,
    KnowledgeSettings knowledge,
    EconomySettings economy,
    Set<String> consent) {
  public Settings {
    consent = Set.copyOf(consent);
  }
}
