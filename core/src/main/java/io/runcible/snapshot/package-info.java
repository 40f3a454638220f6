/**
 * Unpacked layers, and the writable file systems that containers get on top of them.
 *
 * <p>{@link io.runcible.snapshot.Unpacker} fetches and unpacks the layers of an image side by side
 * and commits them together, durably. A {@link io.runcible.snapshot.Snapshotter} keeps each under
 * its chainId (OCI image specification, "Layer ChainID"), so that images share what they have in
 * common, and makes the file system of a container from them: by stacking them with the kernel's
 * overlay file system or, where that cannot be, by copying them together. {@link
 * io.runcible.snapshot.PlainUnpacker} needs none of that and makes one plain directory of an image.
 */
@NullMarked
package io.runcible.snapshot;

import org.jspecify.annotations.NullMarked;
