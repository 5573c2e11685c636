package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.core.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArgumentsTest {
  private static final ObjectNode SCHEMA =
      Json.parseObject(
          """
          {"type":"object","required":["name"],"additionalProperties":false,
           "properties":{"name":{"type":"string","minLength":1,"maxLength":5},
             "size":{"type":"integer","minimum":1,"maximum":10},
             "mode":{"enum":["a","b"]},
             "maybe":{"type":["string","null"]},
             "list":{"type":"array","maxItems":2,"items":{"type":"object","required":["x"],
               "properties":{"x":{"type":"number"}}}}}}
          """);

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"name":"x"                       | not one JSON object
          [1]                               | not one JSON object
          {}                                | must have "name"
          {"name":7}                        | name must be of type string, not 7
          {"name":""}                       | shorter
          {"name":"abcdef"}                 | longer
          {"name":"a","size":0}             | at least 1
          {"name":"a","size":11}            | at most 10
          {"name":"a","size":1.5}           | of type integer
          {"name":"a","size":"3"}           | of type integer
          {"name":"a","mode":"c"}           | one of ["a","b"]
          {"name":"a","other":1}            | must not have "other"
          {"name":"a","maybe":3}            | one of ["string","null"]
          {"name":"a","list":[{},{},{}]}    | at most 2
          {"name":"a","list":[{}]}          | list[0] must have "x"
          {"name":"a","list":[{"x":1.5}]}   | canonical
          {"name":"a","name":"b"}           | not one JSON object
          """)
  void saysWhatIsWrong(String arguments, String problem) {
    assertThat(Arguments.of(arguments, SCHEMA).problem()).get().asString().contains(problem);
  }

  @Test
  void takesAnIntegerWrittenWithAZeroFraction() {
    Arguments arguments = Arguments.of("{\"name\":\"a\",\"size\":8.0,\"maybe\":null}", SCHEMA);
    assertThat(arguments.problem()).isEmpty();
    assertThat(Json.write(arguments.object()))
        .isEqualTo("{\"name\":\"a\",\"size\":8,\"maybe\":null}");
  }
}
