/**
 * Images in a directory, in the OCI image layout that skopeo, umoci, buildah and others read and
 * write too.
 *
 * <pre>{@code
 * try (ImageLayout layout = ImageLayout.create(Path.of("images"))) {
 *   assembly.writeTo(layout, ImageReference.parse("registry.example/team/app:1"));
 * }
 * }</pre>
 *
 * <p>An image is found by the annotation {@code org.opencontainers.image.ref.name} of its entry in
 * {@code index.json}: the full reference, as this library writes it, or else the tag alone, as most
 * other tools do.
 */
@NullMarked
package io.runcible.layout;

import org.jspecify.annotations.NullMarked;
