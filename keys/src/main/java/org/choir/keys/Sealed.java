package org.choir.keys;

/**
 * A ciphertext and what is needed to open it, except the key.
 *
 * @param kid the id of the data key
 * @param iv the nonce, 12 bytes
 * @param ct ciphertext followed by the 16-byte tag
 */
public record Sealed(String kid, byte[] iv, byte[] ct) {}
