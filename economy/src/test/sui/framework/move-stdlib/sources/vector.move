/// Stand-in; see README.md.
#[defines_primitive(vector)]
module std::vector;

public use fun std::string::utf8 as vector.to_string;
#[bytecode_instruction]
public native fun empty<Element>(): vector<Element>;
#[bytecode_instruction]
public native fun length<Element>(v: &vector<Element>): u64;
#[syntax(index)]
#[bytecode_instruction]
public native fun borrow<Element>(v: &vector<Element>, i: u64): &Element;
#[bytecode_instruction]
public native fun push_back<Element>(v: &mut vector<Element>, e: Element);
#[syntax(index)]
#[bytecode_instruction]
public native fun borrow_mut<Element>(v: &mut vector<Element>, i: u64): &mut Element;
#[bytecode_instruction]
public native fun pop_back<Element>(v: &mut vector<Element>): Element;
#[bytecode_instruction]
public native fun destroy_empty<Element>(v: vector<Element>);
#[bytecode_instruction]
public native fun swap<Element>(v: &mut vector<Element>, i: u64, j: u64);
public fun is_empty<E>(v: &vector<E>): bool { v.length() == 0 }

public fun contains<E>(v: &vector<E>, e: &E): bool {
    let mut i = 0;
    while (i < v.length()) { if (&v[i] == e) return true; i = i + 1 };
    false
}

public fun append<E>(l: &mut vector<E>, mut o: vector<E>) {
    let mut r = empty<E>();
    while (!o.is_empty()) r.push_back(o.pop_back());
    while (!r.is_empty()) l.push_back(r.pop_back());
    o.destroy_empty();
    r.destroy_empty();
}

public macro fun tabulate<$T>($n: u64, $f: |u64| -> $T): vector<$T> {
    let mut v = vector[];
    let n = $n;
    let mut i = 0;
    while (i < n) { v.push_back($f(i)); i = i + 1 };
    v
}
