/**
 * The Sui network as the chain behind {@link org.choir.economy.ChainGateway}: the exact bytes of
 * its transactions (BCS), its addresses, digests and signatures, and its GraphQL interface. It may
 * open connections to the one configured address. It holds no key: signatures come from {@link
 * org.choir.economy.ChainSigner}. It deliberately knows nothing of what a payment is for.
 */
@NullMarked
package org.choir.economy.sui;

import org.jspecify.annotations.NullMarked;
