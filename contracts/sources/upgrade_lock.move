/// A timelock around the package's upgrade: a new version is announced by its digest, waits 72
/// hours in which everybody can look at it and leave, and only then may be put in place.
module choir::upgrade_lock;

use choir::treasury::AdminCap;
use sui::event;
use sui::package::{UpgradeCap, UpgradeReceipt, UpgradeTicket};

// === Why a call is refused ===

/// Nothing was announced.
const ENothingAnnounced: u64 = 1;
/// The wait is not over.
const ETooEarly: u64 = 2;
/// An upgrade is announced already; withdraw it first.
const EAnnouncedAlready: u64 = 3;
/// A package's digest has 32 bytes.
const EDigestLength: u64 = 4;
/// The right to upgrade another package than this one.
const EOtherPackage: u64 = 5;

/// 72 hours.
const WAIT_MS: u64 = 72 * 3_600_000;
const DIGEST_BYTES: u64 = 32;

/// Shared by all; the right to upgrade lies inside and never comes out.
public struct UpgradeLock has key {
    id: UID,
    cap: UpgradeCap,
    announced: Option<Announcement>,
}

public struct Announcement has copy, drop, store {
    digest: vector<u8>,
    ready_ms: u64,
}

public struct Announced has copy, drop { digest: vector<u8>, ready_ms: u64 }

public struct Withdrawn has copy, drop { digest: vector<u8> }

public struct Authorized has copy, drop { digest: vector<u8> }

/// Puts the right to upgrade this package under the lock, for ever.
public fun lock(_: &AdminCap, cap: UpgradeCap, ctx: &mut TxContext) {
    let own = std::type_name::with_original_ids<UpgradeLock>().address_string();
    assert!(cap.package().to_address().to_ascii_string() == own, EOtherPackage);
    share(cap, ctx);
}

fun share(cap: UpgradeCap, ctx: &mut TxContext) {
    transfer::share_object(UpgradeLock { id: object::new(ctx), cap, announced: option::none() });
}

#[test_only]
/// A package under test lies at 0x0, for which no upgrade can be authorized.
public fun lock_for_testing(cap: UpgradeCap, ctx: &mut TxContext) {
    share(cap, ctx)
}

/// Says which version will be put in place, in 72 hours at the earliest.
public fun announce(_: &AdminCap, lock: &mut UpgradeLock, digest: vector<u8>, ctx: &TxContext) {
    assert!(lock.announced.is_none(), EAnnouncedAlready);
    assert!(digest.length() == DIGEST_BYTES, EDigestLength);
    let ready_ms = ctx.epoch_timestamp_ms() + WAIT_MS;
    lock.announced.fill(Announcement { digest, ready_ms });
    event::emit(Announced { digest, ready_ms });
}

/// Withdraws what was announced.
public fun withdraw(_: &AdminCap, lock: &mut UpgradeLock) {
    assert!(lock.announced.is_some(), ENothingAnnounced);
    let Announcement { digest, ready_ms: _ } = lock.announced.extract();
    event::emit(Withdrawn { digest });
}

/// The ticket for exactly the version that was announced, once the wait is over.
public fun authorize(_: &AdminCap, lock: &mut UpgradeLock, ctx: &TxContext): UpgradeTicket {
    assert!(lock.announced.is_some(), ENothingAnnounced);
    let Announcement { digest, ready_ms } = lock.announced.extract();
    assert!(ctx.epoch_timestamp_ms() >= ready_ms, ETooEarly);
    event::emit(Authorized { digest });
    let policy = lock.cap.policy();
    lock.cap.authorize(policy, digest)
}

/// Ends an upgrade that was authorized.
public fun commit(lock: &mut UpgradeLock, receipt: UpgradeReceipt) {
    lock.cap.commit(receipt)
}
