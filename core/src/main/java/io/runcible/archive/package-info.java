/**
 * Layer archives: the codecs, reading tar, and unpacking layers by their rules; and {@link
 * io.runcible.archive.VerifiedInputStream}, which lets nobody use bytes that are not what their
 * digest says.
 *
 * <p>A layer goes through a chain of streams:
 *
 * <pre>{@code
 * try (InputStream tar = Decompression.open(layer.compressed());
 *     LayerApplier applier =
 *         LayerApplier.open(directory, LayerFormat.OVERLAY, Ownership.EXACT, limits)) {
 *   applier.apply(tar);
 *   applier.complete(lowerTopmostFirst);
 * }
 * }</pre>
 *
 * <ul>
 *   <li>{@link io.runcible.archive.Decompression} finds the codec by the content.
 *   <li>{@link io.runcible.archive.TarReader} reads entries; {@link
 *       io.runcible.archive.LayerApplier} makes files of them.
 *   <li>{@link io.runcible.archive.Readahead} between two stages lets them run at the same time.
 *   <li>{@link io.runcible.archive.LayerWriter} makes new layers.
 *   <li>{@link io.runcible.archive.ArchiveLimits} bounds what a hostile layer can cost.
 * </ul>
 *
 * <p>Names in archives are bytes. Here they are <em>raw</em> strings, one char for each byte
 * (ISO-8859-1), so that every name comes out as it went in.
 */
@NullMarked
package io.runcible.archive;

import org.jspecify.annotations.NullMarked;
