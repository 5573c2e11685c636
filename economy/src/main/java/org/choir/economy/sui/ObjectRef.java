package org.choir.economy.sui;

/**
 * One version of an object.
 *
 * @param digest of its contents, in Base58
 */
record ObjectRef(SuiAddress id, long version, String digest) {
  void write(BcsWriter out) {
    out.address(id).u64(version).bytes(Hashes.digest(digest));
  }
}
