package io.runcible.transfer;

import io.runcible.ProgressListener;
import io.runcible.archive.Compression;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Platform;
import java.util.List;
import java.util.Optional;

/**
 * What a copy is to do.
 *
 * @param platforms which manifests of an index are taken; none for all
 * @param single whether the manifest for the one platform is named, instead of an index of it
 * @param format what layers are compressed to; empty to leave them
 * @param level the level of that
 * @param referrers whether what refers to the image comes along
 * @param parallel how many blobs are sent at once
 * @param flights shared by copies to one sink that go on at the same time
 */
record CopySettings(
    ImageSource source,
    ImageSink sink,
    List<Platform> platforms,
    boolean single,
    Optional<Compression> format,
    int level,
    boolean referrers,
    int parallel,
    ProgressListener listener,
    BlobFlights flights) {}
