@NullMarked
package org.choir.keys;

import org.jspecify.annotations.NullMarked;
