package io.runcible.store;

import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import java.time.Instant;

/**
 * A name in the store.
 *
 * @param reference the name
 * @param manifest the manifest for the platform that was pulled
 * @param created when the name was set
 */
public record ImageRecord(ImageReference reference, Descriptor manifest, Instant created) {}
