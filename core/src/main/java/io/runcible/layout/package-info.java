/**
 * Images in files: in a directory, in the OCI image layout that skopeo, umoci, buildah and others
 * read and write too; in archives of that or as of {@code docker save}; alone in a directory; and
 * in a Docker daemon.
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
 *
 * <p>{@link io.runcible.layout.OciArchive} and {@link io.runcible.layout.DockerArchive} are one
 * file each, which is made or replaced only by {@code commit()}; {@link
 * io.runcible.layout.ImageDirectory} holds a single image; {@link io.runcible.layout.DockerDaemon}
 * exports and loads, and {@link io.runcible.layout.ContainersStorage} reads what Podman and Buildah
 * have.
 */
@NullMarked
package io.runcible.layout;

import org.jspecify.annotations.NullMarked;
