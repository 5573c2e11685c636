/// Stand-in; see README.md.
module sui::package;

public use fun upgrade_package as UpgradeCap.package;
public use fun upgrade_policy as UpgradeCap.policy;
public use fun authorize_upgrade as UpgradeCap.authorize;
public use fun commit_upgrade as UpgradeCap.commit;

public struct UpgradeCap has key, store { id: UID, package: ID, version: u64, policy: u8 }
public struct UpgradeTicket { cap: ID, package: ID, policy: u8, digest: vector<u8> }
public struct UpgradeReceipt { cap: ID, package: ID }

public fun upgrade_package(cap: &UpgradeCap): ID { cap.package }

public fun upgrade_policy(cap: &UpgradeCap): u8 { cap.policy }

public fun authorize_upgrade(cap: &mut UpgradeCap, policy: u8, digest: vector<u8>): UpgradeTicket {
    let zero = object::id_from_address(@0x0);
    assert!(cap.package != zero, 2);
    let package = cap.package;
    cap.package = zero;
    UpgradeTicket { cap: object::id(cap), package, policy, digest }
}

public fun commit_upgrade(cap: &mut UpgradeCap, r: UpgradeReceipt) {
    let UpgradeReceipt { cap: id, package } = r;
    assert!(object::id(cap) == id, 4);
    cap.package = package;
    cap.version = cap.version + 1;
}

#[test_only]
public fun test_publish(package: ID, ctx: &mut TxContext): UpgradeCap {
    UpgradeCap { id: object::new(ctx), package, version: 1, policy: 0 }
}

#[test_only]
public fun test_upgrade(t: UpgradeTicket): UpgradeReceipt {
    let UpgradeTicket { cap, package: _, policy: _, digest: _ } = t;
    UpgradeReceipt { cap, package: object::id_from_address(@0x77) }
}
