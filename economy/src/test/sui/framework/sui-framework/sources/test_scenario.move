/// Stand-in; see README.md.
#[test_only]
module sui::test_scenario;

use sui::vec_map::VecMap;

public struct Scenario { txn_number: u64, ctx: TxContext }
public struct TransactionEffects has drop {
    created: vector<ID>,
    written: vector<ID>,
    deleted: vector<ID>,
    transferred_to_account: VecMap<ID, address>,
    transferred_to_object: VecMap<ID, ID>,
    shared: vector<ID>,
    frozen: vector<ID>,
    num_user_events: u64,
}

fun hash(n: u64): vector<u8> {
    let mut h = std::bcs::to_bytes(&n);
    while (h.length() < 32) h.push_back(0);
    h
}

public fun begin(sender: address): Scenario {
    Scenario { txn_number: 0, ctx: sui::tx_context::new(sender, hash(0), 0, 0, 0) }
}

public fun next_tx(s: &mut Scenario, sender: address): TransactionEffects {
    let (e, t) = (s.ctx.epoch(), s.ctx.epoch_timestamp_ms());
    turn(s, sender, e, t)
}

public fun later_epoch(s: &mut Scenario, d: u64, sender: address): TransactionEffects {
    let (e, t) = (s.ctx.epoch() + 1, s.ctx.epoch_timestamp_ms() + d);
    turn(s, sender, e, t)
}

fun turn(s: &mut Scenario, sender: address, e: u64, t: u64): TransactionEffects {
    s.txn_number = s.txn_number + 1;
    s.ctx = sui::tx_context::new(sender, hash(s.txn_number), e, t, 0);
    end_transaction()
}

public fun end(s: Scenario): TransactionEffects {
    let Scenario { txn_number: _, ctx: _ } = s;
    end_transaction()
}

public fun ctx(s: &mut Scenario): &mut TxContext { &mut s.ctx }

public fun take_from_sender<T: key>(s: &Scenario): T {
    let a = s.ctx.sender();
    let o = most_recent_id_for_address<T>(a);
    assert!(o.is_some(), 3);
    take_from_address_by_id(s, a, o.destroy_some())
}

public fun return_to_sender<T: key>(s: &Scenario, t: T) { sui::transfer::give(t, s.ctx.sender()) }

public fun take_shared<T: key>(s: &Scenario): T {
    let o = most_recent_id_shared<T>();
    assert!(o.is_some(), 3);
    take_shared_by_id(s, o.destroy_some())
}

public fun return_shared<T: key>(t: T) { sui::transfer::share_again(t) }
native fun take_from_address_by_id<T: key>(s: &Scenario, a: address, id: ID): T;
native fun most_recent_id_for_address<T: key>(a: address): Option<ID>;
native fun take_shared_by_id<T: key>(s: &Scenario, id: ID): T;
native fun most_recent_id_shared<T: key>(): Option<ID>;
native fun end_transaction(): TransactionEffects;
