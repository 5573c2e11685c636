@NullMarked
package org.choir.audit;

import org.jspecify.annotations.NullMarked;
