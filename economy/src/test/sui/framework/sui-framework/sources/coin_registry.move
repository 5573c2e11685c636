/// Stand-in; see README.md.
module sui::coin_registry;

use std::string::String;
use sui::coin::{Self, TreasuryCap};

public struct MetadataCap<phantom T> has key, store { id: UID }
public struct Currency<phantom T> has key { id: UID, decimals: u8, symbol: String }
public struct CurrencyInitializer<phantom T> { currency: Currency<T> }

public fun new_currency_with_otw<T: drop>(
    _otw: T,
    decimals: u8,
    symbol: String,
    _name: String,
    _description: String,
    _icon_url: String,
    ctx: &mut TxContext,
): (CurrencyInitializer<T>, TreasuryCap<T>) {
    (
        CurrencyInitializer { currency: Currency { id: object::new(ctx), decimals, symbol } },
        coin::new_treasury_cap(ctx),
    )
}

public fun finalize<T>(b: CurrencyInitializer<T>, ctx: &mut TxContext): MetadataCap<T> {
    let CurrencyInitializer { currency } = b;
    transfer::transfer(currency, @0xc);
    MetadataCap { id: object::new(ctx) }
}
