/// Stand-in; see README.md.
module std::bcs;

public native fun to_bytes<T>(v: &T): vector<u8>;
