package io.runcible.runtime;

import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.engine.Rounds;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.WaitStatus;
import io.runcible.runtime.OciRuntime.RunRequest;
import io.runcible.runtime.OciRuntime.Stdio;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Containers of a test: bundles over one busybox root file system, below one temporary directory
 * and one control group, and the removal of all of it.
 */
final class Containers implements AutoCloseable {
  static final Duration LIMIT = Rounds.patience(60);

  private static final AtomicInteger NUMBERS = new AtomicInteger();
  private static final List<String> APPLETS =
      List.of(
          "sh",
          "true",
          "false",
          "echo",
          "cat",
          "sleep",
          "kill",
          "mount",
          "unshare",
          "ls",
          "head",
          "dd",
          "mknod",
          "id",
          "grep",
          "tail",
          "touch",
          "hostname",
          "ip",
          "ping",
          "wc",
          "env");

  final PrivilegedHost host = PrivilegedHost.open();
  final HostLimits limits = HostLimits.detect(host);
  final String group = "/runcible-test-" + ProcessHandle.current().pid();
  final OciRuntime runtime;
  private final Path directory;
  private final Path rootfs;

  Containers(Path directory, OciRuntime runtime) throws IOException {
    this.directory = directory;
    this.runtime = runtime;
    this.rootfs = busybox(directory.resolve("rootfs"));
  }

  /** How a container ended and what it wrote. */
  record Ended(
      WaitStatus status, String output, String errors, Optional<RuncibleException> failure) {
    int code() {
      return status.code();
    }
  }

  /** A container that was started. */
  final class Running implements AutoCloseable {
    final String id;
    final RunRequest request;
    final ChildProcess child;

    private Running(String id, RunRequest request, ChildProcess child) {
      this.id = id;
      this.request = request;
      this.child = child;
    }

    /** Waits until its program runs. */
    Running awaitStart() throws InterruptedException {
      long deadline = System.nanoTime() + LIMIT.toNanos();
      // crun makes the file and writes it then.
      while (request.pidFile().toFile().length() == 0) {
        if (System.nanoTime() > deadline || child.poll().isPresent()) {
          throw new AssertionError("did not start: " + runtime.failure(request));
        }
        Thread.sleep(2);
      }
      return this;
    }

    Ended await() {
      WaitStatus status = child.waitFor(LIMIT).orElseThrow();
      Path files = request.bundle().directory();
      return new Ended(
          status,
          read(files.resolve("stdout")),
          read(files.resolve("stderr")),
          runtime.failure(request));
    }

    @Override
    public void close() {
      try {
        runtime.delete(id, true);
      } finally {
        child.killAndWait();
        child.close();
        // crun, and a runtime that was killed, may still have had work to do.
        runtime.delete(id, true);
      }
    }
  }

  static ProcessSpec.Builder process(String... args) {
    return ProcessSpec.builder(List.of(args)).env(List.of("PATH=/bin", "HOME=/"));
  }

  static ProcessSpec.Builder shell(String script) {
    return process("/bin/sh", "-c", script);
  }

  RuntimeSpec.Builder spec(String id, ProcessSpec process) {
    return RuntimeSpec.containerDefaults(rootfs, process, limits)
        .rootReadonly(true)
        .cgroupsPath(group + "/" + id);
  }

  Running start(ProcessSpec.Builder process) throws IOException {
    return start(process, builder -> builder);
  }

  Running start(ProcessSpec.Builder process, UnaryOperator<RuntimeSpec.Builder> change)
      throws IOException {
    return start(process, change, runtime::run);
  }

  /** A container of the same runtime in another setting. */
  Running startBy(
      OciRuntime other, ProcessSpec.Builder process, UnaryOperator<RuntimeSpec.Builder> change)
      throws IOException {
    return start(process, change, other::run);
  }

  /** A container whose program waits to be started. */
  Running create(ProcessSpec.Builder process) throws IOException {
    return create(process, builder -> builder);
  }

  Running create(ProcessSpec.Builder process, UnaryOperator<RuntimeSpec.Builder> change)
      throws IOException {
    return start(process, change, runtime::create);
  }

  private Running start(
      ProcessSpec.Builder process,
      UnaryOperator<RuntimeSpec.Builder> change,
      Function<RunRequest, ChildProcess> starting)
      throws IOException {
    String id = "t" + NUMBERS.incrementAndGet();
    Path files = directory.resolve(id);
    RuntimeSpec spec = change.apply(spec(id, process.build())).build();
    Bundle bundle = Bundle.write(files, limits.clamp(spec).value());
    try (FileDescriptor out = FileCalls.createForOutput(files.resolve("stdout"));
        FileDescriptor err = FileCalls.createForOutput(files.resolve("stderr"))) {
      RunRequest request = RunRequest.of(id, bundle, new Stdio(null, out, err));
      return new Running(id, request, starting.apply(request));
    }
  }

  Ended run(ProcessSpec.Builder process) throws IOException {
    return run(process, builder -> builder);
  }

  Ended run(ProcessSpec.Builder process, UnaryOperator<RuntimeSpec.Builder> change)
      throws IOException {
    try (Running container = start(process, change)) {
      return container.await();
    }
  }

  /** A directory for the files of an exec. */
  Path newDirectory() throws IOException {
    return Files.createDirectory(directory.resolve("x" + NUMBERS.incrementAndGet()));
  }

  Path rootfs() {
    return rootfs;
  }

  /** The control groups that exist below the one of this test. */
  List<Path> leftGroups() throws IOException {
    List<Path> left = new ArrayList<>();
    for (Path path : limits.cgroups().group(group).directories()) {
      if (Files.isDirectory(path)) {
        try (var children = Files.list(path)) {
          children.filter(Files::isDirectory).forEach(left::add);
        }
      }
    }
    return left;
  }

  @Override
  public void close() {
    for (String id : runtime.list()) {
      runtime.delete(id, true);
    }
    limits.cgroups().group(group).end(host);
    host.close();
  }

  private static Path busybox(Path rootfs) throws IOException {
    Path program = HostTools.requireProgram("busybox", "busybox-static");
    for (String name : List.of("bin", "etc", "proc", "sys", "dev", "tmp")) {
      Files.createDirectories(rootfs.resolve(name));
    }
    Files.copy(program, rootfs.resolve("bin/busybox"));
    for (String applet : APPLETS) {
      Files.createSymbolicLink(rootfs.resolve("bin").resolve(applet), Path.of("busybox"));
    }
    Files.writeString(rootfs.resolve("etc/data"), "data\n");
    Path script = Files.writeString(rootfs.resolve("etc/script"), "#!/no/interpreter\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.writeString(rootfs.resolve("etc/passwd"), "root:x:0:0::/:/bin/sh\n");
    return rootfs;
  }

  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
