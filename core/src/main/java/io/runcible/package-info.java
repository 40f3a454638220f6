/**
 * The vocabulary that every other package shares: {@link io.runcible.Digest}, the one exception and
 * its {@link io.runcible.ErrorKind}, progress events. The way in is {@code
 * io.runcible.engine.ContainerEngine}.
 */
@NullMarked
package io.runcible;

import org.jspecify.annotations.NullMarked;
