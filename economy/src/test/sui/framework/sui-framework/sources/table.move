/// Stand-in; see README.md.
module sui::table;

use sui::dynamic_field as field;

public struct Table<phantom K: copy + drop + store, phantom V: store> has key, store {
    id: UID,
    size: u64,
}

public fun new<K: copy + drop + store, V: store>(ctx: &mut TxContext): Table<K, V> {
    Table { id: object::new(ctx), size: 0 }
}

public fun add<K: copy + drop + store, V: store>(t: &mut Table<K, V>, k: K, v: V) {
    field::add(&mut t.id, k, v);
    t.size = t.size + 1
}

#[syntax(index)]
public fun borrow<K: copy + drop + store, V: store>(t: &Table<K, V>, k: K): &V {
    field::borrow(&t.id, k)
}

#[syntax(index)]
public fun borrow_mut<K: copy + drop + store, V: store>(t: &mut Table<K, V>, k: K): &mut V {
    field::borrow_mut(&mut t.id, k)
}

public fun remove<K: copy + drop + store, V: store>(t: &mut Table<K, V>, k: K): V {
    let v = field::remove(&mut t.id, k);
    t.size = t.size - 1;
    v
}

public fun contains<K: copy + drop + store, V: store>(t: &Table<K, V>, k: K): bool {
    field::exists_<K>(&t.id, k)
}
