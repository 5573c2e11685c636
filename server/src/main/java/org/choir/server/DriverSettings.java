package org.choir.server;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where VMs live.
 *
 * @param name {@code qemu}, {@code firecracker}, {@code e2b} or {@code runloop}
 * @param firecracker its program; empty for the one on the path
 * @param jailer Firecracker's jailer; empty for the one on the path
 * @param jails where Firecracker's jails are made; empty for a folder beside the VMs'
 * @param template E2B's image
 * @param internet whether an E2B sandbox's own network card leads anywhere
 * @param blueprint Runloop's image; empty for its own
 */
public record DriverSettings(
    String name,
    Optional<Path> firecracker,
    Optional<Path> jailer,
    Optional<Path> jails,
    String template,
    boolean internet,
    String blueprint) {}
