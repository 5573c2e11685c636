/**
 * Room {@code keys}: data at rest is encrypted under one data key per tenant, and this room is the
 * only one that ever sees those keys. It holds the port {@link org.choir.keys.DataKeys} and its
 * first adapter, a master key file with the tenants' keys wrapped beside it, and the port {@link
 * org.choir.keys.VolumeKeys} to the keys that guests open volumes with. It touches the files of the
 * one folder it is given. It deliberately knows nothing of what is encrypted, where the ciphertexts
 * lie, or who asks.
 */
@NullMarked
package org.choir.keys;

import org.jspecify.annotations.NullMarked;
