/// The shared treasury: it holds the only right to mint CHIP, the treasury's own CHIP and other
/// money, every stake, and a receipt of each payment, so that the same payment happens once however
/// often it is sent.
///
/// Every amount is in the currency's smallest unit (10^-6). A call costs at most 10,000,000 MIST of
/// gas; the platform sends that as its budget.
module choir::treasury;

use choir::chip::CHIP;
use std::string::String;
use std::type_name::{Self, TypeName};
use sui::balance::{Self, Balance};
use sui::coin::{Self, Coin, TreasuryCap};
use sui::dynamic_field;
use sui::event;
use sui::table::{Self, Table};

// === Why a call is refused ===

/// A receipt's id has 32 bytes.
const EReceiptLength: u64 = 1;
/// This receipt has been used: the payment has happened.
const EReceiptUsed: u64 = 2;
/// An amount of 0.
const ENoAmount: u64 = 3;
/// More CHIP than may ever exist.
const ESupplyCap: u64 = 4;
/// More than may be paid in this epoch; it can be tried again in the next.
const EEpochCap: u64 = 5;
/// The treasury does not hold as much of this currency.
const EHoldings: u64 = 6;
/// There is no stake with this id.
const ENoStake: u64 = 7;
/// A stake below the least.
const EStakeTooSmall: u64 = 8;
/// The stake is not free yet.
const EStakeLocked: u64 = 9;
/// More is to be slashed than is at stake.
const ESlashTooLarge: u64 = 10;
/// A slash without a reason, or with one of more than 1,000 bytes.
const EReason: u64 = 11;
/// The caller is not whose stake it is.
const ENotOwner: u64 = 12;
/// A capability that was withdrawn.
const EPayerWithdrawn: u64 = 13;
/// A change of a cap by more than 20 %.
const EChangeTooLarge: u64 = 14;
/// A cap was changed in this epoch already.
const EChangedThisEpoch: u64 = 15;
/// CHIP were minted before the treasury was opened.
const EMintedBefore: u64 = 16;

// === Numbers ===

/// 5 million CHIP, minted to the treasury at the start.
const GENESIS: u64 = 5_000_000_000_000;
/// 100 million CHIP, the most that may ever exist.
const SUPPLY_CAP: u64 = 100_000_000_000_000;
/// 100,000 CHIP, the most that is rewarded in an epoch at first.
const REWARD_CAP: u64 = 100_000_000_000;
/// 150,000 of a dollar currency, the most that is paid for citations in an epoch at first.
const CITATION_CAP: u64 = 150_000_000_000;
/// 250,000 CHIP, the most that leaves the treasury's holdings by sales in an epoch at first.
const SALE_CAP: u64 = 250_000_000_000;
/// An epoch of Choir: 30 days.
const EPOCH_MS: u64 = 30 * 86_400_000;
/// How long a stake is held: 30 days.
const STAKE_MS: u64 = 30 * 86_400_000;
/// 10 CHIP, below which no stake makes sense.
const STAKE_LEAST: u64 = 10_000_000;
const RECEIPT_BYTES: u64 = 32;
const REASON_BYTES: u64 = 1_000;

/// What a receipt is for.
const KIND_REWARD: u8 = 1;
const KIND_CITATION: u8 = 2;
const KIND_STAKE: u8 = 3;
const KIND_FREE: u8 = 4;
const KIND_SLASH: u8 = 5;
const KIND_SALE: u8 = 6;

// === Objects ===

/// Shared by all. The order of the first fields is read by the platform.
public struct Treasury has key {
    id: UID,
    /// The only right to mint CHIP; its `total_supply` is the supply.
    cap: TreasuryCap<CHIP>,
    /// Every payment that happened, by its receipt's id.
    receipts: Table<vector<u8>, Receipt>,
    /// Every stake that is held, by its receipt's id.
    stakes: Table<vector<u8>, Stake>,
    /// What was rewarded, paid for citations and sold in the epoch of that number.
    epoch: u64,
    rewarded: u64,
    cited: u64,
    sold: u64,
    reward_cap: u64,
    citation_cap: u64,
    sale_cap: u64,
    /// The epoch in which a cap was changed last.
    changed: u64,
    /// The payer that is in use; others were withdrawn.
    payer: ID,
}

/// Under this key lie the treasury's holdings of one currency.
public struct HoldingsKey<phantom T>() has copy, drop, store;

/// The right to change caps, to name another payer and to upgrade. Kept offline.
public struct AdminCap has key, store { id: UID }

/// The right to pay, to slash and to free. Held by the platform's key.
public struct PayerCap has key, store { id: UID }

/// That something was paid. The order of the fields is read by the platform.
public struct Receipt has copy, drop, store {
    kind: u8,
    amount: u64,
    party: address,
    at_ms: u64,
}

/// CHIP that somebody has at stake.
public struct Stake has store {
    owner: address,
    held: Balance<CHIP>,
    free_after_ms: u64,
}

// === Events ===

public struct Rewarded has copy, drop { receipt: vector<u8>, author: address, amount: u64 }

public struct Cited has copy, drop {
    receipt: vector<u8>,
    author: address,
    amount: u64,
    currency: TypeName,
}

public struct Sold has copy, drop { receipt: vector<u8>, buyer: address, amount: u64 }

public struct Staked has copy, drop { receipt: vector<u8>, owner: address, amount: u64 }

public struct Freed has copy, drop { receipt: vector<u8>, owner: address, amount: u64 }

public struct Slashed has copy, drop {
    receipt: vector<u8>,
    stake: vector<u8>,
    owner: address,
    amount: u64,
    reason: String,
}

public struct CapsChanged has copy, drop { reward_cap: u64, citation_cap: u64, sale_cap: u64 }

public struct PayerNamed has copy, drop { payer: ID }

// === The start ===

/// Mints the genesis supply into the treasury and shares it; the capabilities go to the sender. It
/// can be called once, since there is one right to mint, which stays inside for ever.
#[allow(lint(self_transfer))]
public fun open(mut cap: TreasuryCap<CHIP>, ctx: &mut TxContext) {
    assert!(cap.total_supply() == 0, EMintedBefore);
    let genesis = cap.mint_balance(GENESIS);
    let payer = PayerCap { id: object::new(ctx) };
    let mut treasury = Treasury {
        id: object::new(ctx),
        cap,
        receipts: table::new(ctx),
        stakes: table::new(ctx),
        epoch: epoch_of(ctx),
        rewarded: 0,
        cited: 0,
        sold: 0,
        reward_cap: REWARD_CAP,
        citation_cap: CITATION_CAP,
        sale_cap: SALE_CAP,
        changed: 0,
        payer: object::id(&payer),
    };
    treasury.put(genesis);
    transfer::share_object(treasury);
    transfer::transfer(payer, ctx.sender());
    transfer::transfer(AdminCap { id: object::new(ctx) }, ctx.sender());
}

// === Payments ===

/// Mints an author's reward for novelty.
public fun reward_novelty(
    payer: &PayerCap,
    treasury: &mut Treasury,
    receipt: vector<u8>,
    author: address,
    amount: u64,
    ctx: &mut TxContext,
) {
    treasury.require_payer(payer);
    treasury.record(receipt, KIND_REWARD, amount, author, ctx);
    treasury.turn(ctx);
    assert!(amount <= treasury.reward_cap - treasury.rewarded, EEpochCap);
    assert!(amount <= SUPPLY_CAP - treasury.cap.total_supply(), ESupplyCap);
    treasury.rewarded = treasury.rewarded + amount;
    transfer::public_transfer(treasury.cap.mint(amount, ctx), author);
    event::emit(Rewarded { receipt, author, amount });
}

/// Pays an author for a citation, out of the treasury's holdings of a dollar currency.
public fun pay_citation<T>(
    payer: &PayerCap,
    treasury: &mut Treasury,
    receipt: vector<u8>,
    author: address,
    amount: u64,
    ctx: &mut TxContext,
) {
    treasury.require_payer(payer);
    treasury.record(receipt, KIND_CITATION, amount, author, ctx);
    treasury.turn(ctx);
    assert!(amount <= treasury.citation_cap - treasury.cited, EEpochCap);
    treasury.cited = treasury.cited + amount;
    transfer::public_transfer(coin::from_balance(treasury.take<T>(amount), ctx), author);
    event::emit(Cited { receipt, author, amount, currency: type_name::with_defining_ids<T>() });
}

/// Gives CHIP out of the treasury's holdings to somebody who bought them.
public fun sell(
    payer: &PayerCap,
    treasury: &mut Treasury,
    receipt: vector<u8>,
    buyer: address,
    amount: u64,
    ctx: &mut TxContext,
) {
    treasury.require_payer(payer);
    treasury.record(receipt, KIND_SALE, amount, buyer, ctx);
    treasury.turn(ctx);
    assert!(amount <= treasury.sale_cap - treasury.sold, EEpochCap);
    treasury.sold = treasury.sold + amount;
    transfer::public_transfer(coin::from_balance(treasury.take<CHIP>(amount), ctx), buyer);
    event::emit(Sold { receipt, buyer, amount });
}

/// Puts money into the treasury; anybody may.
public fun deposit<T>(treasury: &mut Treasury, money: Coin<T>) {
    treasury.put(money.into_balance());
}

// === Stakes ===

/// Puts the sender's CHIP at stake; the receipt's id is the stake's.
public fun stake(
    treasury: &mut Treasury,
    receipt: vector<u8>,
    money: Coin<CHIP>,
    ctx: &mut TxContext,
) {
    let amount = money.value();
    assert!(amount >= STAKE_LEAST, EStakeTooSmall);
    let owner = ctx.sender();
    treasury.record(receipt, KIND_STAKE, amount, owner, ctx);
    treasury.stakes.add(
        receipt,
        Stake {
            owner,
            held: money.into_balance(),
            free_after_ms: ctx.epoch_timestamp_ms() + STAKE_MS,
        },
    );
    event::emit(Staked { receipt, owner, amount });
}

/// Gives what is left of a stake back to its owner, who calls it once the time is over.
public fun free(
    treasury: &mut Treasury,
    receipt: vector<u8>,
    stake: vector<u8>,
    ctx: &mut TxContext,
) {
    assert!(treasury.stakes.contains(stake), ENoStake);
    let Stake { owner, held, free_after_ms } = treasury.stakes.remove(stake);
    assert!(owner == ctx.sender(), ENotOwner);
    assert!(ctx.epoch_timestamp_ms() >= free_after_ms, EStakeLocked);
    let amount = held.value();
    treasury.record(receipt, KIND_FREE, amount, owner, ctx);
    transfer::public_transfer(coin::from_balance(held, ctx), owner);
    event::emit(Freed { receipt, owner, amount });
}

/// Takes a part or all of a stake into the treasury, with the reason in the event. Nothing is
/// burned; the supply stays as it is.
public fun slash(
    payer: &PayerCap,
    treasury: &mut Treasury,
    receipt: vector<u8>,
    stake: vector<u8>,
    amount: u64,
    reason: String,
    ctx: &mut TxContext,
) {
    treasury.require_payer(payer);
    let length = reason.length();
    assert!(length > 0 && length <= REASON_BYTES, EReason);
    assert!(treasury.stakes.contains(stake), ENoStake);
    let held = &mut treasury.stakes[stake];
    let owner = held.owner;
    assert!(amount <= held.held.value(), ESlashTooLarge);
    let taken = held.held.split(amount);
    // A stake of which nothing is left is gone; its receipts stay.
    if (held.held.value() == 0) {
        let Stake { owner: _, held, free_after_ms: _ } = treasury.stakes.remove(stake);
        held.destroy_zero();
    };
    treasury.record(receipt, KIND_SLASH, amount, owner, ctx);
    treasury.put(taken);
    event::emit(Slashed { receipt, stake, owner, amount, reason });
}

// === Administration ===

/// Changes the caps per epoch, each by at most 20 %, once an epoch.
public fun change_caps(
    _: &AdminCap,
    treasury: &mut Treasury,
    reward_cap: u64,
    citation_cap: u64,
    sale_cap: u64,
    ctx: &TxContext,
) {
    treasury.turn(ctx);
    assert!(treasury.changed < treasury.epoch, EChangedThisEpoch);
    require_small_change(treasury.reward_cap, reward_cap, treasury.rewarded);
    require_small_change(treasury.citation_cap, citation_cap, treasury.cited);
    require_small_change(treasury.sale_cap, sale_cap, treasury.sold);
    treasury.changed = treasury.epoch;
    treasury.reward_cap = reward_cap;
    treasury.citation_cap = citation_cap;
    treasury.sale_cap = sale_cap;
    event::emit(CapsChanged { reward_cap, citation_cap, sale_cap });
}

/// Makes a new payer and withdraws the one before, whose key may be lost or stolen.
public fun name_payer(_: &AdminCap, treasury: &mut Treasury, to: address, ctx: &mut TxContext) {
    let payer = PayerCap { id: object::new(ctx) };
    treasury.payer = object::id(&payer);
    event::emit(PayerNamed { payer: treasury.payer });
    transfer::transfer(payer, to);
}

// === Readings ===

/// How much CHIP exists.
public fun supply(treasury: &Treasury): u64 { treasury.cap.total_supply() }

/// What the treasury holds of a currency.
public fun holdings<T>(treasury: &Treasury): u64 {
    if (!dynamic_field::exists_(&treasury.id, HoldingsKey<T>())) return 0;
    dynamic_field::borrow<_, Balance<T>>(&treasury.id, HoldingsKey<T>()).value()
}

/// Whether a payment happened.
public fun paid(treasury: &Treasury, receipt: vector<u8>): bool {
    treasury.receipts.contains(receipt)
}

/// The amount of a payment that happened.
public fun paid_amount(treasury: &Treasury, receipt: vector<u8>): u64 {
    treasury.receipts[receipt].amount
}

/// What is left of a stake; 0 if there is none.
public fun staked(treasury: &Treasury, stake: vector<u8>): u64 {
    if (treasury.stakes.contains(stake)) treasury.stakes[stake].held.value() else 0
}

// === Inside ===

fun epoch_of(ctx: &TxContext): u64 { ctx.epoch_timestamp_ms() / EPOCH_MS }

fun require_payer(treasury: &Treasury, payer: &PayerCap) {
    assert!(object::id(payer) == treasury.payer, EPayerWithdrawn);
}

/// At most 20 %, and not below what was paid already, or the rest would be negative.
fun require_small_change(from: u64, to: u64, paid: u64) {
    let fifth = from / 5;
    assert!(to >= from - fifth && to <= from + fifth && to >= paid, EChangeTooLarge);
}

/// Begins to count anew in a new epoch.
fun turn(treasury: &mut Treasury, ctx: &TxContext) {
    let now = epoch_of(ctx);
    if (now > treasury.epoch) {
        treasury.epoch = now;
        treasury.rewarded = 0;
        treasury.cited = 0;
        treasury.sold = 0;
    }
}

fun record(
    treasury: &mut Treasury,
    receipt: vector<u8>,
    kind: u8,
    amount: u64,
    party: address,
    ctx: &TxContext,
) {
    assert!(receipt.length() == RECEIPT_BYTES, EReceiptLength);
    assert!(amount > 0, ENoAmount);
    assert!(!treasury.receipts.contains(receipt), EReceiptUsed);
    treasury.receipts.add(receipt, Receipt { kind, amount, party, at_ms: ctx.epoch_timestamp_ms() });
}

fun put<T>(treasury: &mut Treasury, money: Balance<T>) {
    let key = HoldingsKey<T>();
    if (!dynamic_field::exists_(&treasury.id, key)) {
        dynamic_field::add(&mut treasury.id, key, balance::zero<T>());
    };
    dynamic_field::borrow_mut<_, Balance<T>>(&mut treasury.id, key).join(money);
}

fun take<T>(treasury: &mut Treasury, amount: u64): Balance<T> {
    assert!(treasury.holdings<T>() >= amount, EHoldings);
    dynamic_field::borrow_mut<_, Balance<T>>(&mut treasury.id, HoldingsKey<T>()).split(amount)
}

#[test_only]
/// CHIP that no receipt accounts for, to come near the supply cap.
public fun mint_for_testing(treasury: &mut Treasury, amount: u64, ctx: &mut TxContext): Coin<CHIP> {
    treasury.cap.mint(amount, ctx)
}
