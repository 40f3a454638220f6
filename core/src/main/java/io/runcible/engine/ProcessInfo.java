package io.runcible.engine;

import java.time.Duration;
import java.time.Instant;

/**
 * A process that runs in a container.
 *
 * @param pid its number in the container
 * @param parentPid the number of its parent in the container; 0 if that is outside
 * @param hostPid its number on the host
 * @param uid its user id in the container
 * @param user the name of the user in the container, or the number
 * @param state a letter, as {@code ps} shows it
 * @param started when it started
 * @param cpuTime processor time of the process itself
 * @param memory resident bytes
 * @param command its command line, at most 4,096 characters, without control characters; in
 *     brackets the name of a process that has none
 */
public record ProcessInfo(
    int pid,
    int parentPid,
    int hostPid,
    long uid,
    String user,
    String state,
    Instant started,
    Duration cpuTime,
    long memory,
    String command) {}
