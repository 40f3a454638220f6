/**
 * The low level: one prepared bundle run by an OCI runtime, which is a program such as runc.
 *
 * <p>A container is described by a {@link io.runcible.runtime.RuntimeSpec}, usually made from
 * {@link io.runcible.runtime.RuntimeSpec#containerDefaults} and cut down to what this process may
 * grant by {@link io.runcible.runtime.HostLimits}. {@link io.runcible.runtime.Bundle} writes it to
 * disk, and an {@link io.runcible.runtime.OciRuntime} runs it:
 *
 * <pre>{@code
 * HostLimits limits = HostLimits.detect(host);
 * ProcessSpec process = ProcessSpec.builder(List.of("/bin/true")).build();
 * RuntimeSpec spec =
 *     limits.clamp(RuntimeSpec.containerDefaults(rootfs, process, limits).build()).value();
 * OciRuntime runtime = OciRuntime.open("runc", stateRoot, host);
 * RunRequest request = RunRequest.of("one", Bundle.write(directory, spec), Stdio.none());
 * try (ChildProcess child = runtime.run(request)) {
 *   Optional<WaitStatus> end = child.waitFor(Duration.ofMinutes(1));
 *   Optional<RuncibleException> failure = runtime.failure(request);
 * } finally {
 *   runtime.delete("one", true);
 * }
 * }</pre>
 *
 * The runtime is executed only to start and to change something. Its state is read from its files,
 * verified by the start time of the process so that a reused pid is never taken for the container;
 * signals go by pid descriptors; pausing and usage are files of the {@link
 * io.runcible.runtime.Cgroup}.
 */
@NullMarked
package io.runcible.runtime;

import org.jspecify.annotations.NullMarked;
