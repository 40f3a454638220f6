/**
 * A registry inside this process, for sites without a network and for tests.
 *
 * <pre>{@code
 * try (ImageLayout layout = ImageLayout.open(Path.of("images"));
 *     RegistryServer server = RegistryServer.serve(layout).start()) {
 *   ImageReference reference = ImageReference.parse(server.host() + "/team/app:1");
 *   ...
 * }
 * }</pre>
 */
@NullMarked
package io.runcible.serve;

import org.jspecify.annotations.NullMarked;
