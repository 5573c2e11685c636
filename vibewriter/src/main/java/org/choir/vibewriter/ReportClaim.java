package org.choir.vibewriter;

/**
 * A claim that stands in a report.
 *
 * @param id as in the verification record
 * @param start of its place in the report, in chars, inclusive
 * @param end exclusive
 * @param verdict {@code supported} or {@code partial}
 */
public record ReportClaim(String id, String text, int start, int end, String verdict) {}
