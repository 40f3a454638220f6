package io.runcible.ffi;

/**
 * How a mount shows the owners of its files.
 *
 * @param uids lines of {@code /proc/PID/uid_map}: the first id of the file system, the first id
 *     that is seen, how many
 * @param gids the same of groups
 */
public record IdMapping(String uids, String gids) {}
