/// CHIP, the currency in which Choir rewards novelty: 6 decimals, registered in the network's coin
/// registry. It is minted only by `choir::treasury`, below a supply cap and a cap per epoch, and
/// never burned.
module choir::chip;

use sui::coin_registry;

/// The one-time witness, which makes the currency exist once.
public struct CHIP has drop {}

const DECIMALS: u8 = 6;

/// Runs once, when the package is published: registers the currency and gives the publisher the right
/// to mint, with which `treasury::open` has to be called next. `coin_registry::finalize_registration`
/// is to be called after it, by anybody, to move the currency's data to its place for good.
fun init(otw: CHIP, ctx: &mut TxContext) {
    let (currency, cap) = coin_registry::new_currency_with_otw(
        otw,
        DECIMALS,
        b"CHIP".to_string(),
        b"Choir CHIP".to_string(),
        b"Paid for calibrated novelty by Choir's treasury".to_string(),
        b"".to_string(),
        ctx,
    );
    let metadata = currency.finalize(ctx);
    transfer::public_transfer(metadata, ctx.sender());
    transfer::public_transfer(cap, ctx.sender());
}

#[test_only]
public fun init_for_testing(ctx: &mut TxContext) {
    init(CHIP {}, ctx)
}
