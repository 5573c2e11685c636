/**
 * Stripe as the {@link org.choir.economy.PaymentService}: its client, and a sandbox that speaks its
 * language for tests and demonstrations. The only package that knows Stripe's library; it decides
 * nothing about money.
 */
@NullMarked
package org.choir.economy.stripe;

import org.jspecify.annotations.NullMarked;
