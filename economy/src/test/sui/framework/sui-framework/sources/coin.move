/// Stand-in; see README.md.
module sui::coin;

use sui::balance::{Self, Balance, Supply};

public struct Coin<phantom T> has key, store { id: UID, balance: Balance<T> }
public struct TreasuryCap<phantom T> has key, store { id: UID, total_supply: Supply<T> }

public fun total_supply<T>(c: &TreasuryCap<T>): u64 { c.total_supply.supply_value() }

public fun value<T>(c: &Coin<T>): u64 { c.balance.value() }

public fun into_balance<T>(c: Coin<T>): Balance<T> {
    let Coin { id, balance } = c;
    id.delete();
    balance
}

public fun from_balance<T>(balance: Balance<T>, ctx: &mut TxContext): Coin<T> {
    Coin { id: object::new(ctx), balance }
}

public fun mint<T>(c: &mut TreasuryCap<T>, v: u64, ctx: &mut TxContext): Coin<T> {
    Coin { id: object::new(ctx), balance: c.total_supply.increase(v) }
}

public fun mint_balance<T>(c: &mut TreasuryCap<T>, v: u64): Balance<T> {
    c.total_supply.increase(v)
}

public(package) fun new_treasury_cap<T>(ctx: &mut TxContext): TreasuryCap<T> {
    TreasuryCap { id: object::new(ctx), total_supply: balance::new_supply() }
}

#[test_only]
public fun mint_for_testing<T>(v: u64, ctx: &mut TxContext): Coin<T> {
    Coin { id: object::new(ctx), balance: balance::create_for_testing(v) }
}

#[test_only]
public fun create_treasury_cap_for_testing<T>(ctx: &mut TxContext): TreasuryCap<T> {
    new_treasury_cap(ctx)
}
