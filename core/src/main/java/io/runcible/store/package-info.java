/**
 * Content and images on local disk, shared by any number of processes.
 *
 * <p>{@link io.runcible.store.LocalStore} is the directory as a whole. {@link
 * io.runcible.store.ContentStore} keeps blobs by digest as an OCI layout does; new content comes in
 * by an {@link io.runcible.store.Ingest}, which holds the lock of its digest, so that of several
 * processes one downloads and the others wait. {@link io.runcible.store.ImageStore} maps names to
 * manifests. An image is recorded only after all its content is durable.
 *
 * <pre>{@code
 * try (LocalStore store = LocalStore.open(root);
 *     LocalStore.Lease lease = store.lease();
 *     Ingest ingest = store.content().ingest(descriptor)) {
 *   if (!ingest.isPresent()) {
 *     ingest.receive(bytes).readAllBytes();
 *   }
 *   store.sync();
 *   ingest.commit();
 * }
 * }</pre>
 */
@NullMarked
package io.runcible.store;

import org.jspecify.annotations.NullMarked;
