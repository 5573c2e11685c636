/**
 * Fetches web pages for the host, without trusting whoever wrote the address: only public addresses
 * are connected to, and only what can be read as a source is taken. Knows nothing of claims.
 */
@NullMarked
package org.choir.knowledge.web;

import org.jspecify.annotations.NullMarked;
