@NullMarked
package org.choir.backbone;

import org.jspecify.annotations.NullMarked;
