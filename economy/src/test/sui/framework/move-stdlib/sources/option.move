/// Stand-in; see README.md.
module std::option;

public struct Option<Element> has copy, drop, store { vec: vector<Element> }

const E: u64 = 0x40000;

public fun none<T>(): Option<T> { Option { vec: vector[] } }

public fun some<T>(e: T): Option<T> { Option { vec: vector[e] } }

public fun is_none<T>(t: &Option<T>): bool { t.vec.is_empty() }

public fun is_some<T>(t: &Option<T>): bool { !t.vec.is_empty() }

public fun borrow<T>(t: &Option<T>): &T { &t.vec[0] }

public fun fill<T>(t: &mut Option<T>, e: T) { assert!(t.is_none(), E); t.vec.push_back(e) }

public fun extract<T>(t: &mut Option<T>): T { assert!(t.is_some(), E); t.vec.pop_back() }

public fun destroy_some<T>(t: Option<T>): T {
    let Option { mut vec } = t;
    let e = vec.pop_back();
    vec.destroy_empty();
    e
}
