/**
 * Native calls. The only package that imports jffi, the lower half of jnr-ffi, and the only one
 * that knows numbers of the Linux ABI.
 *
 * <p>The C library is one interface that is held by one package-private class, so that no pointer
 * leaves the package and every wrapper keeps its buffers reachable until the call returned. The
 * native library loads on first use, never in a static initialiser of a public type: on another
 * operating system {@link io.runcible.ffi.NativeAccess} says why it is absent and the rest of the
 * library goes on.
 *
 * <ul>
 *   <li>{@link io.runcible.ffi.FileDescriptor} owns a descriptor; {@link io.runcible.ffi.FileCalls}
 *       works relative to one, so that the kernel confines every path.
 *   <li>{@link io.runcible.ffi.Spawn} starts a program and {@link io.runcible.ffi.ProcessWatcher}
 *       hears of its end without a thread of its own for each.
 *   <li>{@link io.runcible.ffi.PrivilegedHost} is the place where mounts, changes of owner and
 *       namespaces happen: this process when it may, otherwise the namespaces of a holder.
 * </ul>
 *
 * The package is not exported.
 */
@NullMarked
package io.runcible.ffi;

import org.jspecify.annotations.NullMarked;
