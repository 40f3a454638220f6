package io.runcible.engine;

/**
 * What the files of a container take on disk, by their lengths, each file counted once.
 *
 * @param writtenBytes what it has written or changed in its root file system, its volumes not
 *     counted. Where the files of its image were copied for it, they are counted here, too
 * @param imageBytes the unpacked layers of its image, which other containers may have, too
 */
public record ContainerSize(long writtenBytes, long imageBytes) {}
