@NullMarked
package org.choir.database;

import org.jspecify.annotations.NullMarked;
