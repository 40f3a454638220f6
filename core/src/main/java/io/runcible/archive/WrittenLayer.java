package io.runcible.archive;

import io.runcible.Digest;
import java.nio.file.Path;

/**
 * A layer that {@link LayerWriter} wrote.
 *
 * @param file where it is; the caller's to delete
 * @param gzip whether it is compressed with gzip, and not plain tar
 * @param digest the digest of the file
 * @param size the size of the file in bytes
 * @param diffId the digest of the uncompressed tar
 */
public record WrittenLayer(Path file, boolean gzip, Digest digest, long size, Digest diffId) {}
