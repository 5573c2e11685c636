package org.choir.agent;

/**
 * What {@code edit_file} does to a text: replaces a literal string, in the file's own line ends.
 *
 * @param content the new content; the old one where there is a problem
 * @param count occurrences replaced
 * @param problem what to do instead, empty for success
 */
record TextEdit(String content, int count, String problem) {

  static TextEdit of(String content, String old, String replacement, boolean all) {
    if (old.isEmpty()) {
      return bad(content, "old_string is empty. Use write_file to write the whole file.");
    }
    String unix = old.replace("\r\n", "\n");
    for (String form : new String[] {old, unix.replace("\n", "\r\n"), unix}) {
      int count = occurrences(content, form);
      if (count == 0) {
        continue;
      }
      if (count > 1 && !all) {
        return bad(
            content,
            "old_string appears "
                + count
                + " times. Use replace_all=true to replace each (multiple) occurrence, or provide a"
                + " more specific string with the lines around it.");
      }
      String fitting = replacement;
      if (!form.equals(old) || form.contains("\r\n")) {
        String plain = replacement.replace("\r\n", "\n");
        fitting = form.contains("\r\n") ? plain.replace("\n", "\r\n") : plain;
      }
      return new TextEdit(content.replace(form, fitting), count, "");
    }
    return bad(content, notFound(content, unix));
  }

  private static String notFound(String content, String old) {
    String plain = content.replace("\r\n", "\n");
    String trimmed = old.endsWith("\n") ? old.substring(0, old.length() - 1) : old;
    if (old.endsWith("\n") && !trimmed.isEmpty() && plain.endsWith(trimmed)) {
      int count = occurrences(plain, trimmed);
      return "String not found in file: old_string ends with a line break, but the file ends"
          + " without one. Leave the line break out of old_string"
          + (count > 1
              ? " and, as it then appears " + count + " times, add lines before it."
              : ".");
    }
    return "String not found in file. Read the file again and copy the text exactly, with its"
        + " spaces and line breaks.";
  }

  private static int occurrences(String content, String part) {
    int count = 0;
    for (int at = content.indexOf(part); at >= 0; at = content.indexOf(part, at + part.length())) {
      count++;
    }
    return count;
  }

  private static TextEdit bad(String content, String problem) {
    return new TextEdit(content, 0, problem);
  }
}
