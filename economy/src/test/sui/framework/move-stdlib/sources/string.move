/// Stand-in; see README.md.
module std::string;

public struct String has copy, drop, store { bytes: vector<u8> }

public fun utf8(bytes: vector<u8>): String { String { bytes } }

public fun length(s: &String): u64 { s.bytes.length() }

public fun as_bytes(s: &String): &vector<u8> { &s.bytes }
