/// Stand-in; see README.md.
#[defines_primitive(address)]
module sui::address;

use std::ascii;

public use fun sui::object::id_from_address as address.to_id;

public fun to_ascii_string(a: address): ascii::String {
    let b = std::bcs::to_bytes(&a);
    let hex = b"0123456789abcdef";
    let mut out = vector[];
    let mut i = 0;
    while (i < 32) {
        out.push_back(hex[(b[i] as u64) / 16]);
        out.push_back(hex[(b[i] as u64) % 16]);
        i = i + 1
    };
    ascii::string(out)
}
