#[test_only]
module choir::treasury_tests;

use choir::chip::{Self, CHIP};
use choir::treasury::{Self, AdminCap, PayerCap, Treasury};
use std::unit_test::assert_eq;
use sui::coin::{Self, Coin, TreasuryCap};
use sui::test_scenario::{Self, Scenario};

const PLATFORM: address = @0xA;
const ADA: address = @0xADA;
const EVE: address = @0xE;
const CHIP_UNIT: u64 = 1_000_000;
const DAY_MS: u64 = 86_400_000;

/// A dollar currency of tests.
public struct DOLLAR has drop {}

fun id(last: u8): vector<u8> {
    let mut id = vector::tabulate!(31, |_| 0u8);
    id.push_back(last);
    id
}

/// A treasury with $1,000 in it; the platform has the next transaction.
fun begin(): Scenario {
    let mut s = test_scenario::begin(PLATFORM);
    chip::init_for_testing(s.ctx());
    s.next_tx(PLATFORM);
    let cap = s.take_from_sender<TreasuryCap<CHIP>>();
    treasury::open(cap, s.ctx());
    s.next_tx(PLATFORM);
    let mut treasury = s.take_shared<Treasury>();
    treasury.deposit(coin::mint_for_testing<DOLLAR>(1_000_000_000, s.ctx()));
    test_scenario::return_shared(treasury);
    s.next_tx(PLATFORM);
    s
}

fun later(s: &mut Scenario, days: u64, who: address) {
    s.later_epoch(days * DAY_MS, who);
}

fun reward(s: &mut Scenario, receipt: vector<u8>, amount: u64) {
    let mut treasury = s.take_shared<Treasury>();
    let payer = s.take_from_sender<PayerCap>();
    treasury::reward_novelty(&payer, &mut treasury, receipt, ADA, amount, s.ctx());
    s.return_to_sender(payer);
    test_scenario::return_shared(treasury);
}

fun cite(s: &mut Scenario, receipt: vector<u8>, amount: u64) {
    let mut treasury = s.take_shared<Treasury>();
    let payer = s.take_from_sender<PayerCap>();
    treasury::pay_citation<DOLLAR>(&payer, &mut treasury, receipt, ADA, amount, s.ctx());
    s.return_to_sender(payer);
    test_scenario::return_shared(treasury);
}

fun sell(s: &mut Scenario, receipt: vector<u8>, amount: u64) {
    let mut treasury = s.take_shared<Treasury>();
    let payer = s.take_from_sender<PayerCap>();
    treasury::sell(&payer, &mut treasury, receipt, ADA, amount, s.ctx());
    s.return_to_sender(payer);
    test_scenario::return_shared(treasury);
}

/// Ada stakes all of the one coin she has.
fun stake(s: &mut Scenario, receipt: vector<u8>) {
    s.next_tx(ADA);
    let mut treasury = s.take_shared<Treasury>();
    let money = s.take_from_sender<Coin<CHIP>>();
    treasury.stake(receipt, money, s.ctx());
    test_scenario::return_shared(treasury);
    s.next_tx(PLATFORM);
}

fun slash(s: &mut Scenario, receipt: vector<u8>, stake: vector<u8>, amount: u64, reason: vector<u8>) {
    let mut treasury = s.take_shared<Treasury>();
    let payer = s.take_from_sender<PayerCap>();
    treasury::slash(
        &payer,
        &mut treasury,
        receipt,
        stake,
        amount,
        reason.to_string(),
        s.ctx(),
    );
    s.return_to_sender(payer);
    test_scenario::return_shared(treasury);
}

fun free(s: &mut Scenario, receipt: vector<u8>, stake: vector<u8>) {
    let mut treasury = s.take_shared<Treasury>();
    treasury.free(receipt, stake, s.ctx());
    test_scenario::return_shared(treasury);
}

fun change_caps(s: &mut Scenario, reward_cap: u64, citation_cap: u64, sale_cap: u64) {
    let mut treasury = s.take_shared<Treasury>();
    let admin = s.take_from_sender<AdminCap>();
    treasury::change_caps(&admin, &mut treasury, reward_cap, citation_cap, sale_cap, s.ctx());
    s.return_to_sender(admin);
    test_scenario::return_shared(treasury);
}

#[test]
fun the_treasury_begins_with_the_genesis_supply() {
    let mut s = begin();
    let treasury = s.take_shared<Treasury>();
    assert_eq!(treasury.supply(), 5_000_000 * CHIP_UNIT);
    assert_eq!(treasury.holdings<CHIP>(), 5_000_000 * CHIP_UNIT);
    assert_eq!(treasury.holdings<DOLLAR>(), 1_000_000_000);
    assert!(!treasury.paid(id(1)));
    test_scenario::return_shared(treasury);
    s.end();
}

#[test]
fun a_reward_is_minted_to_its_author_and_leaves_a_receipt() {
    let mut s = begin();
    reward(&mut s, id(1), 196 * CHIP_UNIT);
    s.next_tx(ADA);
    let coin = s.take_from_sender<Coin<CHIP>>();
    assert_eq!(coin.value(), 196 * CHIP_UNIT);
    s.return_to_sender(coin);
    let treasury = s.take_shared<Treasury>();
    assert_eq!(treasury.supply(), 5_000_196 * CHIP_UNIT);
    assert!(treasury.paid(id(1)));
    assert_eq!(treasury.paid_amount(id(1)), 196 * CHIP_UNIT);
    test_scenario::return_shared(treasury);
    s.end();
}

#[test, expected_failure(abort_code = treasury::EReceiptUsed)]
fun a_receipt_is_paid_once() {
    let mut s = begin();
    reward(&mut s, id(1), CHIP_UNIT);
    s.next_tx(PLATFORM);
    reward(&mut s, id(1), CHIP_UNIT);
    abort
}

#[test, expected_failure(abort_code = treasury::EReceiptUsed)]
fun a_receipt_of_one_kind_pays_no_other() {
    let mut s = begin();
    reward(&mut s, id(1), CHIP_UNIT);
    s.next_tx(PLATFORM);
    cite(&mut s, id(1), CHIP_UNIT);
    abort
}

#[test, expected_failure(abort_code = treasury::EReceiptLength)]
fun a_receipt_has_32_bytes() {
    let mut s = begin();
    reward(&mut s, b"short", CHIP_UNIT);
    abort
}

#[test, expected_failure(abort_code = treasury::ENoAmount)]
fun nothing_is_no_reward() {
    let mut s = begin();
    reward(&mut s, id(1), 0);
    abort
}

#[test]
fun the_cap_of_an_epoch_can_be_used_up_and_counts_anew_in_the_next() {
    let mut s = begin();
    reward(&mut s, id(1), 60_000 * CHIP_UNIT);
    s.next_tx(PLATFORM);
    reward(&mut s, id(2), 40_000 * CHIP_UNIT);
    later(&mut s, 30, PLATFORM);
    reward(&mut s, id(3), 100_000 * CHIP_UNIT);
    s.end();
}

#[test, expected_failure(abort_code = treasury::EEpochCap)]
fun more_than_the_cap_of_an_epoch_is_refused() {
    let mut s = begin();
    reward(&mut s, id(1), 60_000 * CHIP_UNIT);
    later(&mut s, 29, PLATFORM);
    reward(&mut s, id(2), 40_000 * CHIP_UNIT + 1);
    abort
}

#[test, expected_failure(abort_code = treasury::EEpochCap)]
fun the_largest_number_does_not_pass_the_cap() {
    let mut s = begin();
    reward(&mut s, id(1), 18_446_744_073_709_551_615);
    abort
}

#[test]
fun a_citation_is_paid_out_of_the_holdings() {
    let mut s = begin();
    cite(&mut s, id(1), 4_500_000);
    s.next_tx(ADA);
    let coin = s.take_from_sender<Coin<DOLLAR>>();
    assert_eq!(coin.value(), 4_500_000);
    s.return_to_sender(coin);
    let treasury = s.take_shared<Treasury>();
    assert_eq!(treasury.holdings<DOLLAR>(), 995_500_000);
    test_scenario::return_shared(treasury);
    s.end();
}

#[test, expected_failure(abort_code = treasury::ESupplyCap)]
fun no_more_is_minted_than_may_ever_exist() {
    let mut s = begin();
    let mut treasury = s.take_shared<Treasury>();
    let money = treasury.mint_for_testing(95_000_000 * CHIP_UNIT - 1, s.ctx());
    transfer::public_transfer(money, EVE);
    test_scenario::return_shared(treasury);
    s.next_tx(PLATFORM);
    reward(&mut s, id(1), 1);
    s.next_tx(PLATFORM);
    reward(&mut s, id(2), 1);
    abort
}

#[test, expected_failure(abort_code = treasury::EHoldings)]
fun more_than_the_treasury_holds_is_not_paid() {
    let mut s = begin();
    cite(&mut s, id(1), 1_000_000_001);
    abort
}

#[test, expected_failure(abort_code = treasury::EEpochCap)]
fun citations_have_a_cap_of_their_own() {
    let mut s = begin();
    cite(&mut s, id(1), 150_000_000_001);
    abort
}

#[test]
fun a_buyer_gets_chip_out_of_the_holdings_and_none_is_minted() {
    let mut s = begin();
    sell(&mut s, id(1), 100 * CHIP_UNIT);
    s.next_tx(ADA);
    let coin = s.take_from_sender<Coin<CHIP>>();
    assert_eq!(coin.value(), 100 * CHIP_UNIT);
    s.return_to_sender(coin);
    let treasury = s.take_shared<Treasury>();
    assert_eq!(treasury.supply(), 5_000_000 * CHIP_UNIT);
    assert_eq!(treasury.holdings<CHIP>(), 4_999_900 * CHIP_UNIT);
    test_scenario::return_shared(treasury);
    s.end();
}

#[test, expected_failure(abort_code = treasury::EEpochCap)]
fun a_stolen_payer_cannot_sell_the_treasury_empty() {
    let mut s = begin();
    sell(&mut s, id(1), 250_000 * CHIP_UNIT + 1);
    abort
}

#[test]
fun a_stake_is_held_slashed_and_freed() {
    let mut s = begin();
    reward(&mut s, id(1), 100 * CHIP_UNIT);
    stake(&mut s, id(2));
    slash(&mut s, id(3), id(2), 40 * CHIP_UNIT, b"a fabricated source");
    later(&mut s, 30, ADA);
    free(&mut s, id(4), id(2));
    s.next_tx(ADA);
    let coin = s.take_from_sender<Coin<CHIP>>();
    assert_eq!(coin.value(), 60 * CHIP_UNIT);
    s.return_to_sender(coin);
    let treasury = s.take_shared<Treasury>();
    assert_eq!(treasury.staked(id(2)), 0);
    assert_eq!(treasury.holdings<CHIP>(), 5_000_040 * CHIP_UNIT);
    // Nothing is burned.
    assert_eq!(treasury.supply(), 5_000_100 * CHIP_UNIT);
    test_scenario::return_shared(treasury);
    s.end();
}

#[test]
fun a_stake_can_be_slashed_whole() {
    let mut s = begin();
    reward(&mut s, id(1), 100 * CHIP_UNIT);
    stake(&mut s, id(2));
    slash(&mut s, id(3), id(2), 100 * CHIP_UNIT, b"a duplicate");
    s.next_tx(PLATFORM);
    let treasury = s.take_shared<Treasury>();
    assert_eq!(treasury.staked(id(2)), 0);
    test_scenario::return_shared(treasury);
    s.end();
}

#[test, expected_failure(abort_code = treasury::EStakeLocked)]
fun a_stake_is_not_freed_before_its_time() {
    let mut s = begin();
    reward(&mut s, id(1), 100 * CHIP_UNIT);
    stake(&mut s, id(2));
    later(&mut s, 29, ADA);
    free(&mut s, id(3), id(2));
    abort
}

#[test, expected_failure(abort_code = treasury::ENotOwner)]
fun a_stake_is_freed_by_its_owner_alone() {
    let mut s = begin();
    reward(&mut s, id(1), 100 * CHIP_UNIT);
    stake(&mut s, id(2));
    later(&mut s, 31, EVE);
    free(&mut s, id(3), id(2));
    abort
}

#[test, expected_failure(abort_code = treasury::ENoStake)]
fun a_stake_is_freed_once() {
    let mut s = begin();
    reward(&mut s, id(1), 100 * CHIP_UNIT);
    stake(&mut s, id(2));
    later(&mut s, 31, ADA);
    free(&mut s, id(3), id(2));
    s.next_tx(ADA);
    free(&mut s, id(4), id(2));
    abort
}

#[test, expected_failure(abort_code = treasury::EStakeTooSmall)]
fun a_stake_of_next_to_nothing_is_refused() {
    let mut s = begin();
    reward(&mut s, id(1), 10 * CHIP_UNIT - 1);
    stake(&mut s, id(2));
    abort
}

#[test, expected_failure(abort_code = treasury::ENoStake)]
fun what_is_not_at_stake_cannot_be_slashed() {
    let mut s = begin();
    slash(&mut s, id(3), id(2), CHIP_UNIT, b"nothing there");
    abort
}

#[test, expected_failure(abort_code = treasury::ESlashTooLarge)]
fun no_more_is_slashed_than_is_at_stake() {
    let mut s = begin();
    reward(&mut s, id(1), 100 * CHIP_UNIT);
    stake(&mut s, id(2));
    slash(&mut s, id(3), id(2), 100 * CHIP_UNIT + 1, b"too much");
    abort
}

#[test, expected_failure(abort_code = treasury::EReason)]
fun nothing_is_slashed_without_a_reason() {
    let mut s = begin();
    reward(&mut s, id(1), 100 * CHIP_UNIT);
    stake(&mut s, id(2));
    slash(&mut s, id(3), id(2), CHIP_UNIT, b"");
    abort
}

#[test]
fun caps_change_by_a_fifth_at_most() {
    let mut s = begin();
    later(&mut s, 30, PLATFORM);
    change_caps(&mut s, 120_000 * CHIP_UNIT, 120_000 * CHIP_UNIT, 250_000 * CHIP_UNIT);
    s.next_tx(PLATFORM);
    reward(&mut s, id(1), 120_000 * CHIP_UNIT);
    s.end();
}

#[test, expected_failure(abort_code = treasury::EChangeTooLarge)]
fun a_cap_cannot_leap() {
    let mut s = begin();
    later(&mut s, 30, PLATFORM);
    change_caps(&mut s, 120_001 * CHIP_UNIT, 150_000 * CHIP_UNIT, 250_000 * CHIP_UNIT);
    abort
}

#[test, expected_failure(abort_code = treasury::EChangedThisEpoch)]
fun a_cap_changes_once_an_epoch() {
    let mut s = begin();
    later(&mut s, 30, PLATFORM);
    change_caps(&mut s, 120_000 * CHIP_UNIT, 150_000 * CHIP_UNIT, 250_000 * CHIP_UNIT);
    s.next_tx(PLATFORM);
    change_caps(&mut s, 144_000 * CHIP_UNIT, 150_000 * CHIP_UNIT, 250_000 * CHIP_UNIT);
    abort
}

#[test, expected_failure(abort_code = treasury::EPayerWithdrawn)]
fun a_payer_that_was_withdrawn_pays_no_more() {
    let mut s = begin();
    let mut treasury = s.take_shared<Treasury>();
    let admin = s.take_from_sender<AdminCap>();
    treasury::name_payer(&admin, &mut treasury, EVE, s.ctx());
    s.return_to_sender(admin);
    test_scenario::return_shared(treasury);
    s.next_tx(PLATFORM);
    reward(&mut s, id(1), CHIP_UNIT);
    abort
}

#[test, expected_failure(abort_code = treasury::EMintedBefore)]
fun a_treasury_opens_with_nothing_minted_before() {
    let mut s = test_scenario::begin(PLATFORM);
    let mut cap = coin::create_treasury_cap_for_testing<CHIP>(s.ctx());
    transfer::public_transfer(cap.mint(1, s.ctx()), EVE);
    treasury::open(cap, s.ctx());
    abort
}
