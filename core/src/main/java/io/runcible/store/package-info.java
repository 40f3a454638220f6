/**
 * Content and images on local disk, shared by any number of processes.
 *
 * <p>{@link io.runcible.store.LocalStore} is the directory as a whole. {@link
 * io.runcible.store.ContentStore} keeps blobs by digest as an OCI layout does; new content comes in
 * by an {@link io.runcible.store.Ingest}, which holds the lock of its digest, so that of several
 * processes one downloads and the others wait. {@link io.runcible.store.ImageStore} maps names to
 * manifests. An image is recorded only after all its content is durable.
 *
 * <p>A {@link io.runcible.store.Lease} keeps content while a process works with it, a name for
 * good. What neither keeps goes with the next {@link io.runcible.store.Sweep}. So say first what
 * you are going to use, then look whether it is there:
 *
 * <pre>{@code
 * try (LocalStore store = LocalStore.open(root);
 *     Lease lease = store.lease()) {
 *   lease.keep(List.of(descriptor.digest()));
 *   try (Ingest ingest = store.content().ingest(descriptor)) {
 *     if (!ingest.isPresent()) {
 *       ingest.receive(bytes);
 *     }
 *     store.sync();
 *     ingest.commit();
 *   }
 *   store.record(reference, manifest, false);
 * }
 * }</pre>
 *
 * <p>A copy from elsewhere does the same by {@link io.runcible.store.LocalStore#sink}, one to
 * elsewhere reads from {@link io.runcible.store.LocalStore#source}. What is left of an ingest that
 * broke off, or of a killed process, is gone on from by the next one of its digest.
 */
@NullMarked
package io.runcible.store;

import org.jspecify.annotations.NullMarked;
