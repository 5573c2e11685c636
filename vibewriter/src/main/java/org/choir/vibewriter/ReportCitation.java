package org.choir.vibewriter;

/**
 * What a number in a report stands for, at one claim.
 *
 * @param number as it stands in the text, {@code [number]}
 * @param claim the id of the claim it supports
 * @param verdict on that claim
 * @param key of the evidence
 * @param title of the source
 * @param locator where in the source, may be empty
 * @param link opens the source at the passage
 * @param quote the passage's words on which the verdict rests
 */
public record ReportCitation(
    int number,
    String claim,
    String verdict,
    String key,
    String title,
    String locator,
    String link,
    String quote) {}
