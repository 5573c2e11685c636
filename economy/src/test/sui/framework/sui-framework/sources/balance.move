/// Stand-in; see README.md.
module sui::balance;

public struct Supply<phantom T> has store { value: u64 }
public struct Balance<phantom T> has store { value: u64 }

public fun value<T>(b: &Balance<T>): u64 { b.value }

public fun supply_value<T>(s: &Supply<T>): u64 { s.value }

public fun zero<T>(): Balance<T> { Balance { value: 0 } }

public fun join<T>(self: &mut Balance<T>, b: Balance<T>): u64 {
    let Balance { value } = b;
    self.value = self.value + value;
    self.value
}

public fun split<T>(self: &mut Balance<T>, v: u64): Balance<T> {
    assert!(self.value >= v, 2);
    self.value = self.value - v;
    Balance { value: v }
}

public fun destroy_zero<T>(b: Balance<T>) {
    assert!(b.value == 0, 0);
    let Balance { value: _ } = b;
}

public(package) fun new_supply<T>(): Supply<T> { Supply { value: 0 } }

public(package) fun increase<T>(s: &mut Supply<T>, v: u64): Balance<T> {
    s.value = s.value + v;
    Balance { value: v }
}

#[test_only]
public fun create_for_testing<T>(value: u64): Balance<T> { Balance { value } }
