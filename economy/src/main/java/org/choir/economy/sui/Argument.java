package org.choir.economy.sui;

/** What a command works on. Indexes count from 0 and have 16 bits. */
sealed interface Argument {
  /** The coin that pays the gas, what is left of it. */
  Argument GAS = new GasCoin();

  /** Writes the variant and what it holds. */
  void write(BcsWriter out);

  /** See {@link #GAS}. */
  record GasCoin() implements Argument {
    @Override
    public void write(BcsWriter out) {
      out.uleb(0);
    }
  }

  /** An input of the transaction. */
  record Input(int index) implements Argument {
    @Override
    public void write(BcsWriter out) {
      out.uleb(1).u16(index);
    }
  }

  /** What an earlier command returned. */
  record Result(int command) implements Argument {
    @Override
    public void write(BcsWriter out) {
      out.uleb(2).u16(command);
    }
  }

  /** One of several values that an earlier command returned. */
  record NestedResult(int command, int index) implements Argument {
    @Override
    public void write(BcsWriter out) {
      out.uleb(3).u16(command).u16(index);
    }
  }
}
