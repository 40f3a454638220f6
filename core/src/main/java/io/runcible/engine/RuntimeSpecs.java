package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageConfig;
import io.runcible.runtime.AppArmor;
import io.runcible.runtime.Capability;
import io.runcible.runtime.HostLimits;
import io.runcible.runtime.ProcessSpec;
import io.runcible.runtime.Resources;
import io.runcible.runtime.RuntimeSpec;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Turns an image's configuration and a caller's spec into the runtime's. The caller is obeyed; the
 * image is hostile and can only say what runs inside (OCI image specification, "Conversion to OCI
 * Runtime Configuration").
 */
final class RuntimeSpecs {
  private static final String DEFAULT_PATH =
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  private static final int MAX_COMMAND = 128 << 10;

  /** What programs take a terminal for, as in the other engines. */
  static final String TERMINAL = "xterm";

  private final ImageConfig image;
  private final ContainerSpec spec;
  private final HostLimits host;

  RuntimeSpecs(ImageConfig image, ContainerSpec spec, HostLimits host) {
    this.image = image;
    this.spec = spec;
    this.host = host;
  }

  /** The whole configuration of a container. */
  RuntimeSpec container(
      ContainerDirectory directory,
      ContainerRecord record,
      String hostname,
      ContainerNetwork network,
      UserLookup.Identity user) {
    RuntimeSpec.Builder builder =
        RuntimeSpec.containerDefaults(directory.rootfs(), firstProcess(user, hostname), host)
            .rootReadonly(spec.isReadOnlyRoot())
            .hostname(hostname);
    if (!record.cgroupsPath().isEmpty()) {
      host.place().configure(builder, record.cgroupsPath());
    }
    spec.seccomp().ifPresent(builder::seccomp);
    builder.resources(resources(builder.resources()));
    spec.annotations().forEach(builder::annotation);
    spec.hooks().forEach(builder::hook);
    spec.devices().forEach(device -> device.addTo(builder, host.rootless()));
    network.configure(builder, record.ids());
    spec.sysctls().forEach(builder::sysctl);
    return builder.build();
  }

  private Resources resources(Resources defaults) {
    Resources.Builder wanted = spec.resources().toBuilder();
    if (spec.resources().pids().isEmpty()) {
      defaults.pids().ifPresent(wanted::pids);
    }
    return new Limits(spec.memory(), spec.cpus(), spec.pids()).over(wanted.build());
  }

  private ProcessSpec firstProcess(UserLookup.Identity user, String hostname) {
    List<String> args = arguments();
    ProcessSpec.Builder process =
        process(args, user, environment(user, hostname), spec.workingDirectory())
            .noNewPrivileges(!spec.mayGainPrivileges());
    spec.ulimits().forEach((name, limit) -> process.rlimit(name, limit.soft(), limit.hard()));
    spec.oomScoreAdj().ifPresent(process::oomScoreAdj);
    spec.apparmorProfile()
        .flatMap(AppArmor.ofThisHost()::require)
        .ifPresent(process::apparmorProfile);
    spec.selinuxLabel().ifPresent(process::selinuxLabel);
    spec.tty().ifPresent(size -> process.terminal(true).consoleSize(size.rows(), size.columns()));
    return process.build();
  }

  private ProcessSpec.Builder process(
      List<String> args,
      UserLookup.Identity user,
      Map<String, String> environment,
      Optional<String> workingDirectory) {
    return ProcessSpec.builder(args)
        .env(environment.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList())
        .cwd(
            workingDirectory.or(image::workingDirectory).filter(d -> d.startsWith("/")).orElse("/"))
        .user(user.uid(), user.gid())
        .additionalGids(user.groups())
        .capabilities(capabilities());
  }

  private List<String> arguments() {
    List<String> args = new ArrayList<>(spec.entrypoint().orElse(image.entrypoint()));
    // An entrypoint of the caller's drops the image's command, which was meant for another one.
    args.addAll(spec.command().orElse(spec.entrypoint().isPresent() ? List.of() : image.command()));
    if (args.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the image " + spec.image() + " names no command to run; give one with command(...)");
    }
    long length = args.stream().mapToLong(String::length).sum();
    if (length > MAX_COMMAND) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the command of " + spec.image() + " has " + length + " characters");
    }
    return args;
  }

  private Map<String, String> environment(UserLookup.Identity user, String hostname) {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("PATH", DEFAULT_PATH);
    environment.put("HOSTNAME", hostname);
    environment.put("HOME", user.home());
    if (spec.tty().isPresent()) {
      environment.put("TERM", TERMINAL);
    }
    for (String entry : image.environment()) {
      int equals = entry.indexOf('=');
      // Without "=" it would ask for a variable of the host.
      if (equals > 0) {
        environment.put(entry.substring(0, equals), entry.substring(equals + 1));
      }
    }
    environment.putAll(spec.environment());
    return environment;
  }

  private Set<Capability> capabilities() {
    Set<Capability> granted = EnumSet.noneOf(Capability.class);
    granted.addAll(Capability.defaults());
    for (String name : spec.droppedCapabilities()) {
      if (name.toUpperCase(Locale.ROOT).equals("ALL")) {
        granted.clear();
      } else {
        granted.remove(Capability.parse(name));
      }
    }
    spec.addedCapabilities().forEach(name -> granted.add(Capability.parse(name)));
    return granted;
  }

  /** The user that the container's first process runs as. */
  String user() {
    return spec.user().or(spec.userNamespace()::user).or(image::user).orElse("");
  }
}
