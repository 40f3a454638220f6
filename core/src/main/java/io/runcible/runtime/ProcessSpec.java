package io.runcible.runtime;

import io.runcible.json.JsonTree;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A process of a container: the {@code process} object of the OCI runtime specification (config.md,
 * "Process"), for the first process and for those of exec alike. Immutable.
 *
 * <p>The capabilities are given to the bounding, permitted and effective sets. The inheritable and
 * ambient sets stay empty: otherwise a program with file capabilities would get them for a user
 * other than root.
 */
public final class ProcessSpec {
  private final List<String> args;
  private final List<String> env;
  private final String cwd;
  private final int uid;
  private final int gid;
  private final List<Integer> additionalGids;
  private final boolean terminal;
  private final @Nullable ConsoleSize consoleSize;
  private final boolean noNewPrivileges;
  private final Set<Capability> capabilities;
  private final Map<String, Rlimit> rlimits;
  private final @Nullable Integer oomScoreAdj;
  private final @Nullable String apparmorProfile;
  private final @Nullable String selinuxLabel;

  /**
   * The size of a terminal.
   *
   * @param rows its height in characters
   * @param columns its width in characters
   */
  public record ConsoleSize(int rows, int columns) {
    /**
     * Checks both.
     *
     * @throws io.runcible.RuncibleException INVALID_INPUT unless both are 1 to 65535
     */
    public ConsoleSize {
      if (rows < 1 || rows > 0xffff || columns < 1 || columns > 0xffff) {
        throw SpecChecks.invalid("a terminal of " + rows + " by " + columns + " is impossible");
      }
    }
  }

  /**
   * A resource limit, {@code getrlimit(2)}.
   *
   * @param soft what is enforced; -1 for no limit
   * @param hard up to where the process may raise the soft limit; -1 for no limit
   */
  public record Rlimit(long soft, long hard) {
    /** No limit. */
    public static final long UNLIMITED = -1;

    /**
     * Checks the order.
     *
     * @throws io.runcible.RuncibleException INVALID_INPUT if soft is above hard
     */
    public Rlimit {
      if (Long.compareUnsigned(soft, hard) > 0) {
        throw SpecChecks.invalid("the soft limit " + soft + " is above the hard limit " + hard);
      }
    }
  }

  private ProcessSpec(Builder builder) {
    this.args = List.copyOf(builder.args);
    this.env = List.copyOf(builder.env);
    this.cwd = builder.cwd;
    this.uid = builder.uid;
    this.gid = builder.gid;
    this.additionalGids = List.copyOf(builder.additionalGids);
    this.terminal = builder.terminal;
    this.consoleSize = builder.consoleSize;
    this.noNewPrivileges = builder.noNewPrivileges;
    this.capabilities = Collections.unmodifiableSet(EnumSet.copyOf(builder.capabilities));
    this.rlimits = Collections.unmodifiableMap(new TreeMap<>(builder.rlimits));
    this.oomScoreAdj = builder.oomScoreAdj;
    this.apparmorProfile = builder.apparmorProfile;
    this.selinuxLabel = builder.selinuxLabel;
  }

  /**
   * A process as root in {@code /}, without environment, with the {@linkplain Capability#defaults()
   * default capabilities} and no new privileges.
   *
   * @param args the program and its arguments
   */
  public static Builder builder(List<String> args) {
    return new Builder().args(args);
  }

  /** A builder with all that this has. */
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.args = args;
    builder.env = env;
    builder.cwd = cwd;
    builder.uid = uid;
    builder.gid = gid;
    builder.additionalGids = additionalGids;
    builder.terminal = terminal;
    builder.consoleSize = consoleSize;
    builder.noNewPrivileges = noNewPrivileges;
    builder.capabilities(capabilities);
    builder.rlimits.putAll(rlimits);
    builder.oomScoreAdj = oomScoreAdj;
    builder.apparmorProfile = apparmorProfile;
    builder.selinuxLabel = selinuxLabel;
    return builder;
  }

  /** The program and its arguments. */
  public List<String> args() {
    return args;
  }

  /** {@code NAME=VALUE} entries, the whole environment. */
  public List<String> env() {
    return env;
  }

  /** The working directory. */
  public String cwd() {
    return cwd;
  }

  /** The user id inside. */
  public int uid() {
    return uid;
  }

  /** The group id inside. */
  public int gid() {
    return gid;
  }

  /** The supplementary groups. */
  public List<Integer> additionalGids() {
    return additionalGids;
  }

  /** Whether it has a terminal. */
  public boolean terminal() {
    return terminal;
  }

  /** The first size of its terminal. */
  public Optional<ConsoleSize> consoleSize() {
    return Optional.ofNullable(consoleSize);
  }

  /** Whether it and its children can never gain privileges by an exec, as of setuid programs. */
  public boolean noNewPrivileges() {
    return noNewPrivileges;
  }

  /** The capabilities of root inside. */
  public Set<Capability> capabilities() {
    return capabilities;
  }

  /** Resource limits by name, {@code RLIMIT_…}. */
  public Map<String, Rlimit> rlimits() {
    return rlimits;
  }

  /** How readily the kernel kills it when memory runs out, if not as this process. */
  public OptionalInt oomScoreAdj() {
    return oomScoreAdj == null ? OptionalInt.empty() : OptionalInt.of(oomScoreAdj);
  }

  /** Its SELinux label, if it has another than the runtime's. */
  public Optional<String> selinuxLabel() {
    return Optional.ofNullable(selinuxLabel);
  }

  /** The AppArmor profile that confines it, if any. */
  public Optional<String> apparmorProfile() {
    return Optional.ofNullable(apparmorProfile);
  }

  /** The JSON that {@code runtime exec --process} reads. The same object gives the same text. */
  public String toJson() {
    return JsonTree.text(SpecJson.process(this));
  }

  /** Arguments and user; not the environment, which holds secrets. */
  @Override
  public String toString() {
    return "ProcessSpec[args=" + args + ", user=" + uid + ":" + gid + "]";
  }

  /** Collects a {@link ProcessSpec}. Not thread-safe. */
  public static final class Builder {
    private List<String> args = List.of();
    private List<String> env = List.of();
    private String cwd = "/";
    private int uid;
    private int gid;
    private List<Integer> additionalGids = List.of();
    private boolean terminal;
    private @Nullable ConsoleSize consoleSize;
    private boolean noNewPrivileges = true;
    private Set<Capability> capabilities = EnumSet.copyOf(Capability.defaults());
    private final Map<String, Rlimit> rlimits = new TreeMap<>();
    private @Nullable Integer oomScoreAdj;
    private @Nullable String apparmorProfile;
    private @Nullable String selinuxLabel;

    private Builder() {}

    /** Sets the program and its arguments. */
    public Builder args(List<String> args) {
      this.args = List.copyOf(args);
      return this;
    }

    /** Sets the whole environment, {@code NAME=VALUE} each. Default: empty. */
    public Builder env(List<String> env) {
      this.env = List.copyOf(env);
      return this;
    }

    /** Sets the working directory. Default: {@code /}. */
    public Builder cwd(String cwd) {
      this.cwd = cwd;
      return this;
    }

    /** Sets user and group. Default: 0 and 0. */
    public Builder user(int uid, int gid) {
      this.uid = uid;
      this.gid = gid;
      return this;
    }

    /** Sets the supplementary groups. Default: none. */
    public Builder additionalGids(Collection<Integer> gids) {
      this.additionalGids = List.copyOf(gids);
      return this;
    }

    /** Whether the process gets a terminal. Default: no. */
    public Builder terminal(boolean terminal) {
      this.terminal = terminal;
      return this;
    }

    /** Sets the first size of the terminal. Default: the runtime's. */
    public Builder consoleSize(int rows, int columns) {
      this.consoleSize = new ConsoleSize(rows, columns);
      return this;
    }

    /** Sets its SELinux label (config.md, "Process"). Default: what the policy makes of it. */
    public Builder selinuxLabel(String label) {
      this.selinuxLabel = SpecChecks.text(label, "SELinux label");
      return this;
    }

    /** Confines it by an AppArmor profile, which must be loaded. Default: none. */
    public Builder apparmorProfile(String profile) {
      this.apparmorProfile = SpecChecks.text(profile, "AppArmor profile");
      return this;
    }

    /** Whether gaining privileges by exec is impossible. Default: yes. */
    public Builder noNewPrivileges(boolean noNewPrivileges) {
      this.noNewPrivileges = noNewPrivileges;
      return this;
    }

    /** Sets the capabilities. Default: {@link Capability#defaults()}. */
    public Builder capabilities(Collection<Capability> capabilities) {
      this.capabilities = EnumSet.noneOf(Capability.class);
      this.capabilities.addAll(capabilities);
      return this;
    }

    /** Sets one limit, named {@code RLIMIT_…}. Default: those of this process. */
    public Builder rlimit(String name, long soft, long hard) {
      rlimits.put(name, new Rlimit(soft, hard));
      return this;
    }

    Builder rlimits(Map<String, Rlimit> all) {
      rlimits.clear();
      rlimits.putAll(all);
      return this;
    }

    /** Sets how readily the kernel kills it, -1000 to 1000. Default: as this process. */
    public Builder oomScoreAdj(int oomScoreAdj) {
      this.oomScoreAdj = oomScoreAdj;
      return this;
    }

    /**
     * Checks and builds.
     *
     * @throws io.runcible.RuncibleException INVALID_INPUT for what no runtime would accept: no
     *     program, an environment entry without a name, a relative directory, an id out of range, a
     *     NUL character
     */
    public ProcessSpec build() {
      if (args.isEmpty() || args.get(0).isEmpty()) {
        throw SpecChecks.invalid("there is no program to run");
      }
      for (String arg : args) {
        SpecChecks.text(arg, "argument");
      }
      for (String variable : env) {
        SpecChecks.environment(variable);
      }
      SpecChecks.absolute(cwd, "working directory");
      SpecChecks.id(uid, "user id");
      SpecChecks.id(gid, "group id");
      for (int group : additionalGids) {
        SpecChecks.id(group, "supplementary group");
      }
      for (String limit : rlimits.keySet()) {
        HostLimits.requireRlimit(limit);
      }
      if (oomScoreAdj != null && (oomScoreAdj < -1000 || oomScoreAdj > 1000)) {
        throw SpecChecks.invalid("oom_score_adj " + oomScoreAdj + " is not in -1000 to 1000");
      }
      return new ProcessSpec(this);
    }
  }
}
