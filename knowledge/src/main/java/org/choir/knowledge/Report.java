package org.choir.knowledge;

/**
 * A finished report.
 *
 * @param markdown the text
 * @param record what was checked and found, about exactly this text
 */
public record Report(String markdown, VerificationRecord record) {}
