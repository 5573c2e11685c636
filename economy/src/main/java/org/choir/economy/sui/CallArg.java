package org.choir.economy.sui;

/** An input of a transaction: a value in BCS, or an object. */
sealed interface CallArg {
  /** Writes the variant and what it holds. */
  void write(BcsWriter out);

  /** A value. */
  record Pure(byte[] bcs) implements CallArg {
    @Override
    public void write(BcsWriter out) {
      out.uleb(0).bytes(bcs);
    }
  }

  /** An object that its owner alone uses, or one that never changes. */
  record Owned(ObjectRef object) implements CallArg {
    @Override
    public void write(BcsWriter out) {
      object.write(out.uleb(1).uleb(0));
    }
  }

  /**
   * An object that everybody may use; the network orders them.
   *
   * @param initialVersion the version at which it was shared
   */
  record Shared(SuiAddress id, long initialVersion, boolean mutable) implements CallArg {
    @Override
    public void write(BcsWriter out) {
      out.uleb(1).uleb(1).address(id).u64(initialVersion).bool(mutable);
    }
  }

  /** An object that was sent to another object. */
  record Receiving(ObjectRef object) implements CallArg {
    @Override
    public void write(BcsWriter out) {
      object.write(out.uleb(1).uleb(2));
    }
  }
}
