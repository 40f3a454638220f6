package io.runcible.archive;

/**
 * How a layer is made of a tree.
 *
 * @param latestSeconds later times become this one, in seconds since the epoch
 */
record DiffOptions(ArchiveLimits limits, Ownership ownership, long latestSeconds) {}
