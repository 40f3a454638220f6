/**
 * State on disk that several processes share and that survives the death of any of them.
 *
 * <p>{@link io.runcible.state.JsonRecord} replaces a small file atomically. {@link
 * io.runcible.state.LockFile} is a lock that the kernel drops with its process. {@link
 * io.runcible.state.Journal} notes what must be undone before it is made, so that a later process
 * can undo it after the first was killed.
 */
@NullMarked
package io.runcible.state;

import org.jspecify.annotations.NullMarked;
