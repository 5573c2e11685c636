package org.choir.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.core.Json;

/**
 * One measured number.
 *
 * @param bench the benchmark's name
 * @param what was measured
 * @param input its size, so that the number can be compared
 * @param value with its unit
 * @param ratio to the yardstick of the same run, which it names; empty for a yardstick itself
 */
record Figure(String bench, String what, String input, String value, String ratio) {

  ObjectNode toJson() {
    return Json.object()
        .put("bench", bench)
        .put("what", what)
        .put("input", input)
        .put("value", value)
        .put("ratio", ratio);
  }
}
