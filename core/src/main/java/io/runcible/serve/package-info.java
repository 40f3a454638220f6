/**
 * A registry inside this process, for sites without a network and for tests. It serves any source;
 * one on a layout or the store also takes what clients push, when it is told to.
 *
 * <pre>{@code
 * try (ImageLayout layout = ImageLayout.open(Path.of("images"));
 *     RegistryServer server = RegistryServer.serve(layout).writable().start()) {
 *   ImageReference reference = ImageReference.parse(server.host() + "/team/app:1");
 *   ...
 * }
 * }</pre>
 */
@NullMarked
package io.runcible.serve;

import org.jspecify.annotations.NullMarked;
