/**
 * Images from any source to any sink: copies, syncs, indexes and artifacts.
 *
 * <pre>{@code
 * try (RegistryClient registry = RegistryClient.create();
 *     ImageLayout layout = ImageLayout.create(Path.of("images"))) {
 *   ImageReference app = ImageReference.parse("registry.example/team/app:1");
 *   CopyResult result = ImageCopy.between(registry, layout).copy(app, app);
 * }
 * }</pre>
 *
 * <p>{@link io.runcible.transfer.ImageCopy} changes nothing on the way unless told to: what arrives
 * has the digests of what was read, and is verified against them. What the sink has already is not
 * sent. It can take some platforms alone, compress layers otherwise, and take along what refers to
 * an image.
 *
 * <p>{@link io.runcible.transfer.ImageSync} does that for many images: the tags of a repository
 * that a {@link io.runcible.transfer.TagFilter} takes, a {@link io.runcible.transfer.SyncList}, or
 * a directory of layouts. {@link io.runcible.transfer.ImageInspection} tells what an image is
 * without its layers. {@link io.runcible.transfer.IndexAssembly} makes one name of images for
 * several platforms, and {@link io.runcible.transfer.Artifact} keeps files beside images.
 *
 * <p>A place is named by an {@link io.runcible.transfer.ImageLocation} in the syntax of skopeo, and
 * opened by {@link io.runcible.transfer.Transports}.
 */
@NullMarked
package io.runcible.transfer;

import org.jspecify.annotations.NullMarked;
