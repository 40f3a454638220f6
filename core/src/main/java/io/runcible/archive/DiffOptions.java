package io.runcible.archive;

import java.util.Set;

/**
 * How a layer, or another archive, is made of a tree.
 *
 * @param latestSeconds later times become this one, in seconds since the epoch
 * @param marks how the names of the attributes begin by which an overlay notes things; otherwise
 *     empty
 * @param layer whether names that begin with {@code .wh.} mean something
 * @param harmless whether set-id bits, devices and attributes are left out
 * @param excluded clean names that are left out with all below them, without a word
 */
record DiffOptions(
    ArchiveLimits limits,
    Ownership ownership,
    long latestSeconds,
    String marks,
    boolean layer,
    boolean harmless,
    Set<String> excluded) {}
