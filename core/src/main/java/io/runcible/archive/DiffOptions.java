package io.runcible.archive;

/**
 * How a layer is made of a tree.
 *
 * @param latestSeconds later times become this one, in seconds since the epoch
 * @param marks how the names of the attributes begin by which an overlay notes things; otherwise
 *     empty
 */
record DiffOptions(ArchiveLimits limits, Ownership ownership, long latestSeconds, String marks) {}
