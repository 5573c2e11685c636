package org.choir.model.langchain4j;

final class AnthropicModelTest extends ModelClientConformance {
  @Override
  Wire wire() {
    return new AnthropicWire();
  }
}
