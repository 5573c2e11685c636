/// Stand-in; see README.md.
module std::type_name;

use std::ascii::{Self, String};

public struct TypeName has copy, drop, store { name: String }
public native fun with_defining_ids<T>(): TypeName;
public native fun with_original_ids<T>(): TypeName;
public fun address_string(self: &TypeName): String {
    let b = self.name.as_bytes();
    let mut out = vector[];
    let mut i = 0;
    while (i < 64) { out.push_back(b[i]); i = i + 1 };
    ascii::string(out)
}
