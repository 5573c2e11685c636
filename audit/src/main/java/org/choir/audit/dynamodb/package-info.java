/** Adapter: anchors in Amazon DynamoDB. */
@NullMarked
package org.choir.audit.dynamodb;

import org.jspecify.annotations.NullMarked;
