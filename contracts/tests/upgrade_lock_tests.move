#[test_only]
module choir::upgrade_lock_tests;

use choir::chip::{Self, CHIP};
use choir::treasury::{Self, AdminCap};
use choir::upgrade_lock::{Self, UpgradeLock};
use sui::coin::TreasuryCap;
use sui::package;
use sui::test_scenario::{Self, Scenario};

const ADMIN: address = @0xA;
const HOUR_MS: u64 = 3_600_000;

fun digest(): vector<u8> { vector::tabulate!(32, |i| i as u8) }

fun begin(): Scenario {
    let mut s = test_scenario::begin(ADMIN);
    chip::init_for_testing(s.ctx());
    s.next_tx(ADMIN);
    let cap = s.take_from_sender<TreasuryCap<CHIP>>();
    treasury::open(cap, s.ctx());
    s.next_tx(ADMIN);
    let cap = package::test_publish(object::id_from_address(@0xCAFE), s.ctx());
    upgrade_lock::lock_for_testing(cap, s.ctx());
    s.next_tx(ADMIN);
    s
}

fun announce(s: &mut Scenario, digest: vector<u8>) {
    let mut lock = s.take_shared<UpgradeLock>();
    let admin = s.take_from_sender<AdminCap>();
    upgrade_lock::announce(&admin, &mut lock, digest, s.ctx());
    s.return_to_sender(admin);
    test_scenario::return_shared(lock);
    s.next_tx(ADMIN);
}

fun withdraw(s: &mut Scenario) {
    let mut lock = s.take_shared<UpgradeLock>();
    let admin = s.take_from_sender<AdminCap>();
    upgrade_lock::withdraw(&admin, &mut lock);
    s.return_to_sender(admin);
    test_scenario::return_shared(lock);
    s.next_tx(ADMIN);
}

fun upgrade(s: &mut Scenario) {
    let mut lock = s.take_shared<UpgradeLock>();
    let admin = s.take_from_sender<AdminCap>();
    let ticket = upgrade_lock::authorize(&admin, &mut lock, s.ctx());
    let receipt = package::test_upgrade(ticket);
    lock.commit(receipt);
    s.return_to_sender(admin);
    test_scenario::return_shared(lock);
}

#[test]
fun an_announced_upgrade_is_put_in_place_after_72_hours() {
    let mut s = begin();
    announce(&mut s, digest());
    s.later_epoch(72 * HOUR_MS, ADMIN);
    upgrade(&mut s);
    s.end();
}

#[test, expected_failure(abort_code = upgrade_lock::ETooEarly)]
fun an_upgrade_waits_72_hours() {
    let mut s = begin();
    announce(&mut s, digest());
    s.later_epoch(72 * HOUR_MS - 1, ADMIN);
    upgrade(&mut s);
    abort
}

#[test, expected_failure(abort_code = upgrade_lock::ENothingAnnounced)]
fun nothing_is_put_in_place_that_was_not_announced() {
    let mut s = begin();
    upgrade(&mut s);
    abort
}

#[test, expected_failure(abort_code = upgrade_lock::ENothingAnnounced)]
fun what_was_withdrawn_is_not_put_in_place() {
    let mut s = begin();
    announce(&mut s, digest());
    withdraw(&mut s);
    s.later_epoch(72 * HOUR_MS, ADMIN);
    upgrade(&mut s);
    abort
}

#[test, expected_failure(abort_code = upgrade_lock::ENothingAnnounced)]
fun nothing_can_be_withdrawn_that_was_not_announced() {
    let mut s = begin();
    withdraw(&mut s);
    abort
}

#[test, expected_failure(abort_code = upgrade_lock::EAnnouncedAlready)]
fun one_upgrade_is_announced_at_a_time() {
    let mut s = begin();
    announce(&mut s, digest());
    announce(&mut s, digest());
    abort
}

#[test, expected_failure(abort_code = upgrade_lock::EDigestLength)]
fun a_digest_has_32_bytes() {
    let mut s = begin();
    announce(&mut s, b"short");
    abort
}

#[test]
fun the_lock_takes_the_right_to_upgrade_its_own_package() {
    let mut s = begin();
    let admin = s.take_from_sender<AdminCap>();
    let cap = package::test_publish(object::id_from_address(@choir), s.ctx());
    upgrade_lock::lock(&admin, cap, s.ctx());
    s.return_to_sender(admin);
    s.end();
}

#[test, expected_failure(abort_code = upgrade_lock::EOtherPackage)]
fun the_lock_takes_no_other_packages_right() {
    let mut s = begin();
    let admin = s.take_from_sender<AdminCap>();
    let cap = package::test_publish(object::id_from_address(@0xBAD), s.ctx());
    upgrade_lock::lock(&admin, cap, s.ctx());
    abort
}
