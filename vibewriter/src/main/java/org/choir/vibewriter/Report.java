package org.choir.vibewriter;

public record Report(byte[] a, byte[] b) {}
