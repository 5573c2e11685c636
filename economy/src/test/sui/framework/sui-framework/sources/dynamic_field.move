/// Stand-in; see README.md.
module sui::dynamic_field;

public struct Field<Name: copy + drop + store, Value: store> has key {
    id: UID,
    name: Name,
    value: Value,
}

public fun add<N: copy + drop + store, V: store>(o: &mut UID, name: N, value: V) {
    let p = o.uid_to_address();
    let h = hash_type_and_key(p, name);
    assert!(!has_child_object(p, h), 0);
    add_child_object(p, Field<N, V> { id: sui::object::new_uid_from_hash(h), name, value })
}

public fun borrow<N: copy + drop + store, V: store>(o: &UID, name: N): &V {
    let h = hash_type_and_key(o.uid_to_address(), name);
    &borrow_child_object<Field<N, V>>(o, h).value
}

public fun borrow_mut<N: copy + drop + store, V: store>(o: &mut UID, name: N): &mut V {
    let h = hash_type_and_key(o.uid_to_address(), name);
    &mut borrow_child_object_mut<Field<N, V>>(o, h).value
}

public fun remove<N: copy + drop + store, V: store>(o: &mut UID, name: N): V {
    let p = o.uid_to_address();
    let h = hash_type_and_key(p, name);
    let Field { id, name: _, value } = remove_child_object<Field<N, V>>(p, h);
    id.delete();
    value
}

public fun exists_<N: copy + drop + store>(o: &UID, name: N): bool {
    let p = o.uid_to_address();
    has_child_object(p, hash_type_and_key(p, name))
}
native fun hash_type_and_key<K: copy + drop + store>(parent: address, k: K): address;
native fun add_child_object<Child: key>(parent: address, child: Child);
native fun borrow_child_object<Child: key>(object: &UID, id: address): &Child;
native fun borrow_child_object_mut<Child: key>(object: &mut UID, id: address): &mut Child;
native fun remove_child_object<Child: key>(parent: address, id: address): Child;
native fun has_child_object(parent: address, id: address): bool;
