package org.choir.sandbox;

/**
 * What a {@link VmHost} promises of its VMs. A caller that relies on one asks for it first and goes
 * another way where it is missing; nothing is promised silently.
 */
public enum Capability {
  /** Suspending keeps running processes and their memory; without it a resume boots again. */
  MEMORY_SNAPSHOT,

  /** The guest's kernel learns of a restore by itself and reseeds its random numbers. */
  VM_GENERATION_ID,

  /** A new VM is restored from a booted one rather than booted. */
  TEMPLATE,

  /** The guest has no network card; all that leaves it goes through its host's one byte pipe. */
  NO_NETWORK_CARD,

  /** A boundary against hostile code: hardware virtualisation, not software emulation. */
  ISOLATION,

  /** After a resume the guest's clock is within two seconds of the host's. */
  EXACT_CLOCK,

  /** What lies on the disk of a suspended VM is encrypted under its tenant's key. */
  ENCRYPTED_SNAPSHOT,

  /** Disks of the caller's can be attached. */
  VOLUMES,

  /** Keys may live in its VMs: nobody but this server's operator can look into them. */
  HOLDS_KEYS
}
