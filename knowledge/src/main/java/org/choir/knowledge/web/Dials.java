package org.choir.knowledge.web;

/**
 * Is told of every connection that is made for somebody on the web, before it is made and after it
 * has ended. A failure to record one keeps it from being made. Thread-safe.
 */
public interface Dials {
  /** Nobody is told. */
  Dials NONE =
      new Dials() {
        @Override
        public Open open(String host, int port, String address) {
          return (reason, sent, received) -> {};
        }

        @Override
        public void refused(String host, int port, String reason) {}
      };

  /** A connection that has been allowed. */
  @FunctionalInterface
  interface Open {
    /**
     * It has ended.
     *
     * @param reason {@code allowed} if all went well, else a code of {@link WebAnswer.Failed}
     * @param sent bytes, of what is known above the transport
     * @param received bytes
     */
    void closed(String reason, long sent, long received);
  }

  /**
   * A connection is about to be made; nothing has been sent yet.
   *
   * @param address the IP address; empty if the transport resolves the name itself
   */
  Open open(String host, int port, String address);

  /** A connection is not made. */
  void refused(String host, int port, String reason);
}
