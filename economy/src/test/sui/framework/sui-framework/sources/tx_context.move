/// Stand-in; see README.md.
module sui::tx_context;

#[allow(unused_field)]
public struct TxContext has drop {
    sender: address,
    tx_hash: vector<u8>,
    epoch: u64,
    epoch_timestamp_ms: u64,
    ids_created: u64,
}

public fun sender(_: &TxContext): address { native_sender() }
native fun native_sender(): address;
public fun epoch(_: &TxContext): u64 { native_epoch() }
native fun native_epoch(): u64;
public fun epoch_timestamp_ms(_: &TxContext): u64 { native_epoch_timestamp_ms() }
native fun native_epoch_timestamp_ms(): u64;
public fun fresh_object_address(_: &mut TxContext): address { fresh_id() }
native fun fresh_id(): address;

#[test_only]
public fun new(sender: address, tx_hash: vector<u8>, epoch: u64, ts: u64, ids: u64): TxContext {
    replace(sender, tx_hash, epoch, ts, ids, 0, 0, 0, vector[]);
    TxContext { sender, tx_hash, epoch, epoch_timestamp_ms: ts, ids_created: ids }
}

#[test_only]
native fun replace(
    sender: address,
    tx_hash: vector<u8>,
    epoch: u64,
    epoch_timestamp_ms: u64,
    ids_created: u64,
    rgp: u64,
    gas_price: u64,
    gas_budget: u64,
    sponsor: vector<address>,
);
