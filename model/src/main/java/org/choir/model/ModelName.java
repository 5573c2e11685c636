package org.choir.model;

import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Text;

/**
 * One model of one provider.
 *
 * @param name as the provider spells it; printable, without blanks, at most 200 characters
 */
public record ModelName(Provider provider, String name) {
  private static final Pattern FORM = Pattern.compile("[\\x21-\\x7e]{1,200}");

  public ModelName {
    if (!FORM.matcher(name).matches()) {
      throw ChoirException.usage(
          "bad_model",
          "'" + Text.visible(name, 60) + "' is not a model's name",
          "name it as " + provider.id() + " does, for example " + Models.example(provider));
    }
  }

  /** {@code PROVIDER:NAME}. */
  public String id() {
    return provider.id() + ":" + name;
  }

  @Override
  public String toString() {
    return id();
  }
}
