package io.runcible.sandbox;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Limits;
import io.runcible.engine.Mount;
import io.runcible.network.Network;
import io.runcible.runtime.SeccompProfile;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What programs in a sandbox may do, and how much of everything they may use. Immutable. */
public final class SandboxProfile {
  private static final SandboxProfile UNTRUSTED = new SandboxProfile(new Builder());

  private final Builder state;

  private SandboxProfile(Builder state) {
    this.state = state;
  }

  /**
   * For programs that nobody trusts: no network, a read-only root file system, no capabilities, no
   * new privileges, an ordinary user in a user namespace, the {@linkplain
   * SeccompProfile#untrusted() strict seccomp profile}; 256 MiB of memory and no swap, one
   * processor, 64 processes, 10 seconds, 64 MiB of files in the working directory, 1 MiB of each
   * output, artifacts of 16 MiB.
   *
   * <p>Where the engine is root's, each container has a user namespace of its own with ids that
   * nobody else on the host has; see {@link Sandbox#missingUserNamespace()} for a host that cannot
   * do it. Where it is an ordinary user's, the program is in the user namespace of that user's
   * containers, with an id of its own there.
   */
  public static SandboxProfile untrusted() {
    return UNTRUSTED;
  }

  /** A builder that starts from this profile. */
  public Builder toBuilder() {
    return new Builder(state);
  }

  long memory() {
    return state.memory;
  }

  double cpus() {
    return state.cpus;
  }

  long pids() {
    return state.pids;
  }

  long workSize() {
    return state.workSize;
  }

  Duration timeout() {
    return state.timeout;
  }

  int outputLimit() {
    return state.outputLimit;
  }

  long artifactBytes() {
    return state.artifactBytes;
  }

  int artifactFiles() {
    return state.artifactFiles;
  }

  Network network() {
    return state.network;
  }

  SeccompProfile seccomp() {
    return state.seccomp;
  }

  Map<String, String> environment() {
    return state.environment;
  }

  Optional<String> runtime() {
    return Optional.ofNullable(state.runtime);
  }

  /**
   * What stands in for missing limits, by their numbers in getrlimit(2). They are the program's
   * alone: the runtime could not start with them.
   */
  Map<Integer, Long> resourceLimits() {
    int data = 2;
    int processes = 6;
    return state.missingLimits ? Map.of(data, state.memory, processes, state.pids) : Map.of();
  }

  boolean userNamespace() {
    return state.userNamespace;
  }

  boolean acceptsMissingLimits() {
    return state.missingLimits;
  }

  /** Collects a {@link SandboxProfile}. Not thread-safe. */
  public static final class Builder {
    private long memory = 256L << 20;
    private double cpus = 1;
    private long pids = 64;
    private long workSize = 64L << 20;
    private Duration timeout = Duration.ofSeconds(10);
    private int outputLimit = 1 << 20;
    private long artifactBytes = 16L << 20;
    private int artifactFiles = 256;
    private Network network = Network.NONE;
    private SeccompProfile seccomp = SeccompProfile.untrusted();
    private final Map<String, String> environment = new LinkedHashMap<>();
    private @Nullable String runtime;
    private boolean userNamespace = true;
    private boolean missingLimits;

    private Builder() {}

    private Builder(Builder from) {
      memory = from.memory;
      cpus = from.cpus;
      pids = from.pids;
      workSize = from.workSize;
      timeout = from.timeout;
      outputLimit = from.outputLimit;
      artifactBytes = from.artifactBytes;
      artifactFiles = from.artifactFiles;
      network = from.network;
      seccomp = from.seccomp;
      environment.putAll(from.environment);
      runtime = from.runtime;
      userNamespace = from.userNamespace;
      missingLimits = from.missingLimits;
    }

    private static RuncibleException invalid(String message) {
      return new RuncibleException(ErrorKind.INVALID_INPUT, message);
    }

    /**
     * Limits memory, with the files in memory and without swap, as {@link
     * ContainerSpec.Builder#memory(String)}. By default {@code 256m}.
     */
    public Builder memory(String size) {
      memory = Limits.unchanged().withMemory(size).memory().orElseThrow();
      return this;
    }

    /** Limits processor time to this many processors. By default 1. */
    public Builder cpus(double count) {
      cpus = Limits.unchanged().withCpus(count).cpus().orElseThrow();
      return this;
    }

    /**
     * Limits processes and threads. By default 64.
     *
     * @param limit at least 16: the runtime itself needs as many to start
     */
    public Builder pids(long limit) {
      if (limit < 16) {
        throw invalid("a sandbox cannot start with " + limit + " processes; give at least 16");
      }
      pids = limit;
      return this;
    }

    /**
     * Limits the files in the working directory {@code /work} and, each for itself, in {@code
     * /tmp}, {@code /dev/shm} and the volumes of the image, all of which are memory. By default
     * {@code 64m}.
     */
    public Builder workSize(String size) {
      workSize = Mount.tmpfs(SandboxSpec.WORK).size(size).size().orElseThrow();
      return this;
    }

    /** Limits the wall-clock time of a run. By default 10 seconds. */
    public Builder timeout(Duration limit) {
      if (limit.isNegative() || limit.isZero()) {
        throw invalid("a program cannot end within " + limit);
      }
      timeout = limit;
      return this;
    }

    /**
     * Limits each of the outputs, which are kept in the memory of this process; a program that
     * writes more is ended. By default 1 MiB.
     *
     * @param bytes 1 KiB to 256 MiB
     */
    public Builder outputLimit(int bytes) {
      if (bytes < 1 << 10 || bytes > 256 << 20) {
        throw invalid("an output of " + bytes + " bytes: give 1 KiB to 256 MiB");
      }
      outputLimit = bytes;
      return this;
    }

    /**
     * Limits the artifacts of a run, which are kept in the memory of this process; what is beyond
     * is omitted. By default 16 MiB in 256 files.
     */
    public Builder artifactLimit(long bytes, int files) {
      if (bytes < 0 || bytes > 1L << 30 || files < 0) {
        throw invalid(
            "artifacts of " + bytes + " bytes in " + files + " files: give at most 1 GiB");
      }
      artifactBytes = bytes;
      artifactFiles = files;
      return this;
    }

    /**
     * Gives programs a network. By default they have none, not even a loopback device that is up.
     */
    public Builder network(Network network) {
      this.network = network;
      return this;
    }

    /** Replaces the seccomp profile. By default {@link SeccompProfile#untrusted()}. */
    public Builder seccomp(SeccompProfile profile) {
      seccomp = profile;
      return this;
    }

    /** Sets a variable for all programs; those of the image stay. */
    public Builder environment(String key, String value) {
      // The same rules.
      ContainerSpec.builder("image").environment(key, value);
      environment.put(key, value);
      return this;
    }

    /**
     * The OCI runtime for these sandboxes, by name or path, where they have an engine of their own:
     * {@link Sandbox.Builder#engine(io.runcible.engine.EngineBuilder)}. By default as {@link
     * io.runcible.engine.EngineBuilder#runtime(String)}. Tested are {@code runc} and {@code crun};
     * {@code runsc} has not been run, and what it makes of the first process, the streams and the
     * limits of a sandbox is not known.
     */
    public Builder runtime(String program) {
      runtime = program;
      return this;
    }

    /**
     * Whether root's containers have a user namespace each, where the host can do that. By default
     * they have. Without it their user is an ordinary id of the host that nobody else has, and a
     * container is made in some milliseconds less.
     */
    public Builder userNamespace(boolean own) {
      userNamespace = own;
      return this;
    }

    /**
     * Accepts a host that cannot limit memory or processes, as an ordinary user's without a control
     * group of its own; otherwise it is refused. Resource limits of the processes stand in for
     * them: each process may have that much data, and the user of the sandbox that many processes.
     * Processor time is then not limited.
     */
    public Builder acceptMissingLimits() {
      missingLimits = true;
      return this;
    }

    /** The profile. */
    public SandboxProfile build() {
      return new SandboxProfile(new Builder(this));
    }
  }
}
