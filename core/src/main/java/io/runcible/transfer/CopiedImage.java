package io.runcible.transfer;

import io.runcible.image.Descriptor;
import io.runcible.image.ImageDocument;
import java.util.Collection;

/**
 * What is written of an image.
 *
 * @param root what the name will stand for
 * @param documents all, the root too; those that are named come first
 * @param blobs what is still to be sent
 */
record CopiedImage(
    ImageDocument root, Collection<ImageDocument> documents, Collection<Descriptor> blobs) {}
