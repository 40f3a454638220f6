/**
 * Images from any source to any sink.
 *
 * <pre>{@code
 * try (RegistryClient registry = RegistryClient.create();
 *     ImageLayout layout = ImageLayout.create(Path.of("images"))) {
 *   ImageReference app = ImageReference.parse("registry.example/team/app:1");
 *   CopyResult result = ImageCopy.between(registry, layout).copy(app, app);
 * }
 * }</pre>
 *
 * <p>Nothing is changed on the way: what arrives has the digests of what was read, and is verified
 * against them. What the sink has already is not sent.
 */
@NullMarked
package io.runcible.transfer;

import org.jspecify.annotations.NullMarked;
