package io.runcible.runtime;

import io.runcible.json.JsonTree;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Limits of a container's control group: the part of {@code linux.resources} of the OCI runtime
 * specification (config-linux.md, "Control groups") that means the same on cgroup v1 and v2.
 * Immutable; what is not set is not limited.
 */
public final class Resources {
  private static final Pattern LIST = Pattern.compile("[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*");
  private static final Pattern HUGE_PAGE = Pattern.compile("[1-9][0-9]{0,5}(KB|MB|GB)");
  private static final Resources NONE = new Resources(new Builder());

  private final @Nullable Long memory;
  private final @Nullable Long memoryAndSwap;
  private final @Nullable Long cpuQuota;
  private final @Nullable Long cpuPeriod;
  private final @Nullable Long cpuShares;
  private final @Nullable String cpus;
  private final @Nullable Long pids;
  private final @Nullable String memoryNodes;
  private final @Nullable Long memoryReservation;
  private final @Nullable Long ioWeight;
  private final List<IoLimit> ioLimits;
  private final Map<String, Long> hugePages;

  private Resources(Builder builder) {
    memory = builder.memory;
    memoryAndSwap = builder.memoryAndSwap;
    cpuQuota = builder.cpuQuota;
    cpuPeriod = builder.cpuPeriod;
    cpuShares = builder.cpuShares;
    cpus = builder.cpus;
    pids = builder.pids;
    memoryNodes = builder.memoryNodes;
    memoryReservation = builder.memoryReservation;
    ioWeight = builder.ioWeight;
    ioLimits = List.copyOf(builder.ioLimits);
    hugePages = Collections.unmodifiableMap(new TreeMap<>(builder.hugePages));
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
    builder.memoryNodes = memoryNodes;
    builder.memoryReservation = memoryReservation;
    builder.ioWeight = ioWeight;
    builder.ioLimits.addAll(ioLimits);
    builder.hugePages.putAll(hugePages);
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

  /** The memory nodes it may use, as {@code 0-1}. */
  public Optional<String> memoryNodes() {
    return Optional.ofNullable(memoryNodes);
  }

  /** Bytes of memory that it is pushed back to when the host runs short. */
  public OptionalLong memoryReservation() {
    return optional(memoryReservation);
  }

  /** The weight of its input and output against other control groups; 100 is the usual. */
  public OptionalLong ioWeight() {
    return optional(ioWeight);
  }

  /** How fast it may use devices. */
  public List<IoLimit> ioLimits() {
    return ioLimits;
  }

  /** Bytes of huge pages, by their size, as {@code 2MB}. */
  public Map<String, Long> hugePages() {
    return hugePages;
  }

  /** Whether nothing is limited. */
  public boolean isEmpty() {
    return memory == null
        && memoryAndSwap == null
        && cpuQuota == null
        && cpuPeriod == null
        && cpuShares == null
        && cpus == null
        && pids == null
        && memoryNodes == null
        && memoryReservation == null
        && ioWeight == null
        && ioLimits.isEmpty()
        && hugePages.isEmpty();
  }

  /** The JSON that {@code runtime update --resources} reads. */
  public String toJson() {
    return JsonTree.text(SpecJson.resources(this));
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
    private @Nullable String memoryNodes;
    private @Nullable Long memoryReservation;
    private @Nullable Long ioWeight;
    private final List<IoLimit> ioLimits = new ArrayList<>();
    private final Map<String, Long> hugePages = new TreeMap<>();

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

    /** Sets the memory nodes, as {@code 0-1}. */
    public Builder memoryNodes(String nodes) {
      this.memoryNodes = nodes;
      return this;
    }

    /** Sets what it is pushed back to when the host runs short of memory, in bytes. */
    public Builder memoryReservation(long bytes) {
      this.memoryReservation = bytes;
      return this;
    }

    /**
     * Sets the weight of its input and output against other control groups, 10 to 1000. Needs a
     * scheduler of the devices that weighs, such as bfq.
     */
    public Builder ioWeight(long weight) {
      this.ioWeight = weight;
      return this;
    }

    /** Limits how fast it may use a device. */
    public Builder ioLimit(IoLimit limit) {
      ioLimits.add(limit);
      return this;
    }

    /** Limits huge pages of a size, as {@code 2MB}, in bytes. */
    public Builder hugePages(String size, long bytes) {
      hugePages.put(size, bytes);
      return this;
    }

    Builder dropIo() {
      ioWeight = null;
      ioLimits.clear();
      return this;
    }

    Builder dropHugePages() {
      hugePages.clear();
      return this;
    }

    Builder dropMemory() {
      memory = null;
      memoryReservation = null;
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
      memoryNodes = null;
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
     *     below 1 ms, a period outside 1 ms to 1 s, shares or a weight out of range, no process at
     *     all
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
      requireList(cpus, "processors");
      requireList(memoryNodes, "memory nodes");
      checkRest();
      if (pids != null && pids < 1) {
        throw SpecChecks.invalid("a limit of " + pids + " processes leaves none to run");
      }
      return new Resources(this);
    }

    private void checkRest() {
      if (memoryReservation != null && memoryReservation < 1) {
        throw SpecChecks.invalid("a reservation of " + memoryReservation + " bytes is none");
      }
      if (ioWeight != null && (ioWeight < 10 || ioWeight > 1000)) {
        throw SpecChecks.invalid("a weight of " + ioWeight + " is not 10 to 1000");
      }
      for (Map.Entry<String, Long> limit : hugePages.entrySet()) {
        if (!HUGE_PAGE.matcher(limit.getKey()).matches() || limit.getValue() < 0) {
          throw SpecChecks.invalid(
              limit.getValue()
                  + " bytes of pages of "
                  + SpecChecks.shown(limit.getKey())
                  + ": give 2MB or 1GB");
        }
      }
    }

    private static void requireList(@Nullable String list, String what) {
      if (list != null && !LIST.matcher(list).matches()) {
        throw SpecChecks.invalid(SpecChecks.shown(list) + " is not a list of " + what);
      }
    }
  }
}
