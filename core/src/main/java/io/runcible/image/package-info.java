/**
 * What an image is, apart from where it lies.
 *
 * <p>An {@link io.runcible.image.ImageReference} names an image, an {@link
 * io.runcible.image.ImageSource} (a registry, a layout directory, the store) finds it, and an
 * {@link io.runcible.image.Image} is a lazy view of it for one {@link io.runcible.image.Platform}:
 *
 * <pre>{@code
 * ImageReference reference = ImageReference.parse("registry.example/team/app:1.4");
 * Image image = Image.resolve(source, reference, Platform.host());
 * System.out.println(image.config().entrypoint());
 * for (Layer layer : image.layers()) {
 *   try (InputStream bytes = layer.compressed()) {
 *     ...
 *   }
 * }
 * }</pre>
 *
 * <p>Documents keep the bytes they were read from, so digests hold, and are read strictly: what two
 * readers could understand in two ways is refused. Whatever a source delivers is checked against
 * the digest and size of its {@link io.runcible.image.Descriptor} before it is used.
 */
@NullMarked
package io.runcible.image;

import org.jspecify.annotations.NullMarked;
