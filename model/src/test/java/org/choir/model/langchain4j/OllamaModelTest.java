package org.choir.model.langchain4j;

final class OllamaModelTest extends ModelClientConformance {
  @Override
  Wire wire() {
    return new OllamaWire();
  }
}
