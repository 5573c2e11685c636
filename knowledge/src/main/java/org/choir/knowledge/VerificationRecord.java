package org.choir.knowledge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/**
 * What was checked about a report, in the published form {@code choir.verification/1}. Offsets
 * count Unicode code points: a claim's in the report, an evidence's in the stored extracted text.
 */
public final class VerificationRecord {
  /** The name of the form. */
  public static final String SCHEMA = "choir.verification/1";

  private final ObjectNode json;

  private VerificationRecord(ObjectNode json) {
    this.json = json;
  }

  static VerificationRecord of(ObjectNode json) {
    return new VerificationRecord(json.deepCopy());
  }

  /**
   * Reads a record.
   *
   * @throws ChoirException {@code bad_record} if it is not of this form, {@code bad_json} if it is
   *     not JSON
   */
  public static VerificationRecord parse(String text) {
    ObjectNode json = Json.parseObject(text);
    if (!json.path("schema").asText().equals(SCHEMA)) {
      throw ChoirException.usage(
          "bad_record",
          "this is not a verification record of the form " + SCHEMA,
          "give the file that stands beside the report: FILE.verification.json");
    }
    return new VerificationRecord(json);
  }

  /** The record as JSON, a copy. */
  public ObjectNode json() {
    return json.deepCopy();
  }

  /** The record as a file's text. */
  public String text() {
    return Json.pretty(json) + "\n";
  }

  /** A count of the summary: {@code claims supported partial dropped ...}. */
  public int count(String name) {
    return json.path("summary").path(name).asInt();
  }
}
