/**
 * What work is worth: so far the curve from a novelty score to CHIP. Rules here are pure functions
 * over whole numbers. It deliberately knows nothing of how novelty is judged or who asks.
 */
@NullMarked
package org.choir.economy;

import org.jspecify.annotations.NullMarked;
