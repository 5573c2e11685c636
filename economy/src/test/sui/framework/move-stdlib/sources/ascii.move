/// Stand-in; see README.md.
module std::ascii;

public struct String has copy, drop, store { bytes: vector<u8> }

public fun string(bytes: vector<u8>): String { String { bytes } }

public fun into_bytes(s: String): vector<u8> { let String { bytes } = s; bytes }

public fun as_bytes(s: &String): &vector<u8> { &s.bytes }
