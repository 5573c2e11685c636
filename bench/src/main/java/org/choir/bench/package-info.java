/**
 * Benchmarks: each measures the product against a yardstick in the same run and says its input, so
 * that a figure means something on another machine. It may use every room but the command line; it
 * knows nothing of tests and asserts no times.
 */
@NullMarked
package org.choir.bench;

import org.jspecify.annotations.NullMarked;
