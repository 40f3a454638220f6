package io.runcible.engine;

import java.time.Instant;

/**
 * A line of a log, or a part of one.
 *
 * @param time when it was written
 * @param error whether to the standard error output
 * @param text what was written, as UTF-8, without the line end
 * @param complete whether the line ends there: otherwise the next entry of this output goes on
 */
public record LogEntry(Instant time, boolean error, String text, boolean complete) {}
