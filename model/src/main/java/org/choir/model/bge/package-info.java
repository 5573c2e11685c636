/**
 * The embedding model that runs in this process: BGE small, English, version 1.5, quantised, on
 * ONNX Runtime. Touches no network; unpacks its native libraries into the temporary folder and the
 * user's cache folder. Knows nothing of what is embedded and why.
 */
@NullMarked
package org.choir.model.bge;

import org.jspecify.annotations.NullMarked;
