/**
 * Layer archives: tar reading and writing, the codecs, and {@link
 * io.runcible.archive.VerifiedInputStream}, which lets nobody use bytes that are not what their
 * digest says.
 */
@NullMarked
package io.runcible.archive;

import org.jspecify.annotations.NullMarked;
