package io.runcible.runtime;

import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Limits of a container's control group: the part of {@code linux.resources} of the OCI runtime
 * specification (config-linux.md, "Control groups") that means the same on cgroup v1 and v2.
 * Immutable; what is not set is not limited.
 */
public final class Resources {
  private static final Resources NONE = new Resources(new Builder());

  private final @Nullable Long memory;
  private final @Nullable Long memoryAndSwap;
  private final @Nullable Long cpuQuota;
  private final @Nullable Long cpuPeriod;
  private final @Nullable Long cpuShares;
  private final @Nullable String cpus;
  private final @Nullable Long pids;

  private Resources(Builder builder) {
    memory = builder.memory;
    memoryAndSwap = builder.memoryAndSwap;
    cpuQuota = builder.cpuQuota;
    cpuPeriod = builder.cpuPeriod;
    cpuShares = builder.cpuShares;
    cpus = builder.cpus;
    pids = builder.pids;
  }

  /** No limit at all. */
  public static Resources none() {
    return NONE;
  }

  /** A builder without any limit. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder with all that this has. */
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.memory = memory;
    builder.memoryAndSwap = memoryAndSwap;
    builder.cpuQuota = cpuQuota;
    builder.cpuPeriod = cpuPeriod;
    builder.cpuShares = cpuShares;
    builder.cpus = cpus;
    builder.pids = pids;
    return builder;
  }

  /** Bytes of memory. */
  public OptionalLong memory() {
    return optional(memory);
  }

  /** Bytes of memory and swap together; equal to {@link #memory()} for no swap. */
  public OptionalLong memoryAndSwap() {
    return optional(memoryAndSwap);
  }

  /** Microseconds of processor time in each {@link #cpuPeriod()}. */
  public OptionalLong cpuQuota() {
    return optional(cpuQuota);
  }

  /** Microseconds that the quota is for. */
  public OptionalLong cpuPeriod() {
    return optional(cpuPeriod);
  }

  /** The weight against other control groups; 1024 is the usual. */
  public OptionalLong cpuShares() {
    return optional(cpuShares);
  }

  /** The processors it may use, as {@code 0-3,6}. */
  public Optional<String> cpus() {
    return Optional.ofNullable(cpus);
  }

  /** How many processes and threads. */
  public OptionalLong pids() {
    return optional(pids);
  }

  /** Whether nothing is limited. */
  public boolean isEmpty() {
    return memory == null
        && memoryAndSwap == null
        && cpuQuota == null
        && cpuPeriod == null
        && cpuShares == null
        && cpus == null
        && pids == null;
  }

  /** The JSON that {@code runtime update --resources} reads. */
  public String toJson() {
    return SpecJson.resources(this).toString();
  }

  private static OptionalLong optional(@Nullable Long value) {
    return value == null ? OptionalLong.empty() : OptionalLong.of(value);
  }

  /** Collects {@link Resources}. Not thread-safe. */
  public static final class Builder {
    private @Nullable Long memory;
    private @Nullable Long memoryAndSwap;
    private @Nullable Long cpuQuota;
    private @Nullable Long cpuPeriod;
    private @Nullable Long cpuShares;
    private @Nullable String cpus;
    private @Nullable Long pids;

    private Builder() {}

    /** Limits memory, in bytes. */
    public Builder memory(long bytes) {
      this.memory = bytes;
      return this;
    }

    /** Limits memory and swap together, in bytes; -1 for unlimited swap. */
    public Builder memoryAndSwap(long bytes) {
      this.memoryAndSwap = bytes;
      return this;
    }

    /** Limits processor time: {@code quota} of every {@code period} microseconds. */
    public Builder cpuQuota(long quota, long period) {
      this.cpuQuota = quota;
      this.cpuPeriod = period;
      return this;
    }

    /** Sets the weight against other control groups, 2 to 262144. */
    public Builder cpuShares(long shares) {
      this.cpuShares = shares;
      return this;
    }

    /** Sets the processors, as {@code 0-3,6}. */
    public Builder cpus(String cpus) {
      this.cpus = cpus;
      return this;
    }

    /** Limits processes and threads. */
    public Builder pids(long count) {
      this.pids = count;
      return this;
    }

    Builder dropMemory() {
      memory = null;
      return dropSwap();
    }

    Builder dropSwap() {
      memoryAndSwap = null;
      return this;
    }

    Builder dropCpu() {
      cpuQuota = null;
      cpuPeriod = null;
      cpuShares = null;
      return this;
    }

    Builder dropCpus() {
      cpus = null;
      return this;
    }

    Builder dropPids() {
      pids = null;
      return this;
    }

    /**
     * Checks and builds.
     *
     * @throws io.runcible.RuncibleException INVALID_INPUT for a limit that the kernel would refuse
     *     or that would mean something else: memory of zero or less, swap below the memory, a quota
     *     below 1 ms, a period outside 1 ms to 1 s, shares out of range, no process at all
     */
    public Resources build() {
      if (memory != null && memory < 1) {
        throw SpecChecks.invalid("a memory limit of " + memory + " bytes is impossible");
      }
      if (memoryAndSwap != null
          && memoryAndSwap != -1
          && (memory == null || memoryAndSwap < memory)) {
        throw SpecChecks.invalid(
            "memory and swap of " + memoryAndSwap + " bytes need a memory limit not above it");
      }
      if (cpuQuota != null && cpuQuota < 1000) {
        throw SpecChecks.invalid("a processor quota of " + cpuQuota + " us is below 1 ms");
      }
      if (cpuPeriod != null && (cpuPeriod < 1000 || cpuPeriod > 1_000_000)) {
        throw SpecChecks.invalid("a processor period of " + cpuPeriod + " us is not 1 ms to 1 s");
      }
      if (cpuShares != null && (cpuShares < 2 || cpuShares > 262_144)) {
        throw SpecChecks.invalid("processor shares of " + cpuShares + " are not 2 to 262144");
      }
      if (cpus != null && (cpus.isEmpty() || !cpus.chars().allMatch(Builder::isCpuList))) {
        throw SpecChecks.invalid(SpecChecks.shown(cpus) + " is not a list of processors");
      }
      if (pids != null && pids < 1) {
        throw SpecChecks.invalid("a limit of " + pids + " processes leaves none to run");
      }
      return new Resources(this);
    }

    private static boolean isCpuList(int c) {
      return (c >= '0' && c <= '9') || c == ',' || c == '-';
    }
  }
}
