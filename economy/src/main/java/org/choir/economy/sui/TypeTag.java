package org.choir.economy.sui;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.choir.core.ChoirException;
import org.choir.core.Text;

/** A Move type as a transaction names it. */
sealed interface TypeTag {
  /** The deepest nesting that the network reads. */
  int DEPTH_MAX = 16;

  /** Writes the variant and what it holds. */
  void write(BcsWriter out);

  /** A type without parts. */
  enum Primitive implements TypeTag {
    BOOL(0),
    U8(1),
    U64(2),
    U128(3),
    ADDRESS(4),
    SIGNER(5),
    U16(8),
    U32(9),
    U256(10);

    private final int variant;

    Primitive(int variant) {
      this.variant = variant;
    }

    @Override
    public void write(BcsWriter out) {
      out.uleb(variant);
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** A vector of one type. */
  record Vector(TypeTag item) implements TypeTag {
    @Override
    public void write(BcsWriter out) {
      out.uleb(6);
      item.write(out);
    }

    @Override
    public String toString() {
      return "vector<" + item + ">";
    }
  }

  /** A struct of a package's module. */
  record Struct(SuiAddress address, String module, String name, List<TypeTag> parameters)
      implements TypeTag {
    @Override
    public void write(BcsWriter out) {
      out.uleb(7)
          .address(address)
          .string(module)
          .string(name)
          .vector(parameters, each -> each.write(out));
    }

    @Override
    public String toString() {
      String own = address + "::" + module + "::" + name;
      return parameters.isEmpty()
          ? own
          : own
              + "<"
              + String.join(", ", parameters.stream().map(TypeTag::toString).toList())
              + ">";
    }
  }

  /**
   * Reads a type as people write it, for example {@code 0x2::coin::Coin<0x2::sui::SUI>}.
   *
   * @throws ChoirException {@code bad_sui_type}
   */
  static TypeTag parse(String written) {
    Parser parser = new Parser(written);
    TypeTag tag = parser.type(0);
    if (parser.at != written.length()) {
      throw parser.bad();
    }
    return tag;
  }

  /** Reads from left to right, one type after the other. */
  final class Parser {
    private final String written;
    private int at;

    private Parser(String written) {
      this.written = written;
    }

    private TypeTag type(int depth) {
      if (depth > DEPTH_MAX) {
        throw bad();
      }
      String word = word();
      if (word.equals("vector")) {
        require('<');
        Vector vector = new Vector(type(depth + 1));
        require('>');
        return vector;
      }
      for (Primitive primitive : Primitive.values()) {
        if (primitive.toString().equals(word)) {
          return primitive;
        }
      }
      String[] parts = word.split("::", -1);
      if (parts.length != 3 || !identifier(parts[1]) || !identifier(parts[2])) {
        throw bad();
      }
      List<TypeTag> parameters = new ArrayList<>();
      if (at < written.length() && written.charAt(at) == '<') {
        do {
          at++;
          parameters.add(type(depth + 1));
        } while (at < written.length() && written.charAt(at) == ',');
        require('>');
      }
      return new Struct(SuiAddress.parse(parts[0]), parts[1], parts[2], List.copyOf(parameters));
    }

    private static boolean identifier(String word) {
      return word.matches("[A-Za-z_][A-Za-z0-9_]*");
    }

    private String word() {
      while (at < written.length() && written.charAt(at) == ' ') {
        at++;
      }
      int start = at;
      while (at < written.length() && "<>, ".indexOf(written.charAt(at)) < 0) {
        at++;
      }
      return written.substring(start, at);
    }

    private void require(char sign) {
      if (at >= written.length() || written.charAt(at) != sign) {
        throw bad();
      }
      at++;
    }

    private ChoirException bad() {
      return ChoirException.usage(
          "bad_sui_type",
          "'" + Text.visible(written, 200) + "' is no Move type",
          "write for example 0x2::coin::Coin<0x2::sui::SUI>");
    }
  }
}
