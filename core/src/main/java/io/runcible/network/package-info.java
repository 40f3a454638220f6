/** What a container sees of the network: nothing, or the host's. */
@NullMarked
package io.runcible.network;

import org.jspecify.annotations.NullMarked;
