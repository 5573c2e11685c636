package org.choir.model.langchain4j;

final class OpenAiModelTest extends ModelClientConformance {
  @Override
  Wire wire() {
    return new OpenAiWire();
  }
}
