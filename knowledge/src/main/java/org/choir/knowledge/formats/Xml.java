package org.choir.knowledge.formats;

import java.io.ByteArrayInputStream;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.choir.knowledge.UnusableSource;

/** XML from strangers: no document types, no entities of its own, no outside references. */
final class Xml {
  private static final int DEPTH_MAX = 1000;

  private Xml() {}

  /** Is told each element and text; must not keep the reader. */
  interface Handler {
    void open(String name, XMLStreamReader element);

    void text(String text);

    void close(String name);
  }

  /**
   * Walks a document.
   *
   * @param what names the part in the message of a failure
   * @throws UnusableSource {@code broken} if it is not well-formed, has a document type or nests
   *     more than a thousand deep
   */
  static void walk(String what, byte[] xml, Handler handler) {
    XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    factory.setProperty(XMLInputFactory.IS_REPLACING_ENTITY_REFERENCES, false);
    factory.setXMLResolver(
        (publicId, systemId, base, namespace) -> {
          throw new XMLStreamException("outside references are refused");
        });
    try {
      XMLStreamReader reader = factory.createXMLStreamReader(new ByteArrayInputStream(xml));
      int depth = 0;
      while (reader.hasNext()) {
        switch (reader.next()) {
          case XMLStreamReader.START_ELEMENT -> {
            if (++depth > DEPTH_MAX) {
              throw new UnusableSource("broken", "the parts of " + what + " are nested too deeply");
            }
            handler.open(reader.getLocalName(), reader);
          }
          case XMLStreamReader.CHARACTERS, XMLStreamReader.CDATA -> handler.text(reader.getText());
          case XMLStreamReader.END_ELEMENT -> {
            depth--;
            handler.close(reader.getLocalName());
          }
          case XMLStreamReader.DTD, XMLStreamReader.ENTITY_REFERENCE ->
              throw new UnusableSource("broken", what + " declares entities, which are refused");
          default -> {}
        }
      }
      reader.close();
    } catch (XMLStreamException e) {
      throw new UnusableSource("broken", what + " is not well-formed XML", e);
    }
  }

  /** An attribute by its local name, whatever its namespace; empty if absent. */
  static String attribute(XMLStreamReader element, String name) {
    for (int i = 0; i < element.getAttributeCount(); i++) {
      if (element.getAttributeLocalName(i).equals(name)) {
        return element.getAttributeValue(i);
      }
    }
    return "";
  }
}
