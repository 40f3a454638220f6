package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageConfig;
import io.runcible.runtime.AppArmor;
import io.runcible.runtime.Capability;
import io.runcible.runtime.Hook;
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
    if (spec.seccomp().isPresent()) {
      builder.seccomp(spec.seccomp().get());
    }
    builder.resources(resources(builder.resources()));
    for (Map.Entry<String, String> annotation : spec.annotations().entrySet()) {
      builder.annotation(annotation.getKey(), annotation.getValue());
    }
    for (Hook hook : spec.hooks()) {
      builder.hook(hook);
    }
    for (Device device : spec.devices()) {
      device.addTo(builder, host.rootless());
    }
    network.configure(builder, record.ids());
    for (Map.Entry<String, String> sysctl : spec.sysctls().entrySet()) {
      builder.sysctl(sysctl.getKey(), sysctl.getValue());
    }
    return builder.build();
  }

  private Resources resources(Resources defaults) {
    Resources.Builder wanted = spec.resources().toBuilder();
    if (spec.resources().pids().isEmpty() && defaults.pids().isPresent()) {
      wanted.pids(defaults.pids().getAsLong());
    }
    return new Limits(spec.memory(), spec.cpus(), spec.pids()).over(wanted.build());
  }

  private ProcessSpec firstProcess(UserLookup.Identity user, String hostname) {
    List<String> args = arguments();
    ProcessSpec.Builder process =
        process(args, user, environment(user, hostname), spec.workingDirectory())
            .noNewPrivileges(!spec.mayGainPrivileges());
    spec.ulimits().forEach((name, limit) -> process.rlimit(name, limit.soft(), limit.hard()));
    if (spec.oomScoreAdj().isPresent()) {
      process.oomScoreAdj(spec.oomScoreAdj().getAsInt());
    }
    if (spec.apparmorProfile().isPresent()) {
      AppArmor.ofThisHost()
          .require(spec.apparmorProfile().get())
          .ifPresent(process::apparmorProfile);
    }
    if (spec.selinuxLabel().isPresent()) {
      process.selinuxLabel(spec.selinuxLabel().get());
    }
    if (spec.tty().isPresent()) {
      ProcessSpec.ConsoleSize size = spec.tty().get();
      process.terminal(true).consoleSize(size.rows(), size.columns());
    }
    return process.build();
  }

  private ProcessSpec.Builder process(
      List<String> args,
      UserLookup.Identity user,
      Map<String, String> environment,
      Optional<String> workingDirectory) {
    List<String> variables = new ArrayList<>();
    for (Map.Entry<String, String> variable : environment.entrySet()) {
      variables.add(variable.getKey() + "=" + variable.getValue());
    }
    String directory =
        (workingDirectory.isPresent() ? workingDirectory : image.workingDirectory()).orElse("/");
    return ProcessSpec.builder(args)
        .env(variables)
        .cwd(directory.startsWith("/") ? directory : "/")
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
    long length = 0;
    for (String word : args) {
      length += word.length();
    }
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
    for (String name : spec.addedCapabilities()) {
      granted.add(Capability.parse(name));
    }
    return granted;
  }

  /** The user that the container's first process runs as. */
  String user() {
    Optional<String> wanted = spec.user().isPresent() ? spec.user() : spec.userNamespace().user();
    return (wanted.isPresent() ? wanted : image.user()).orElse("");
  }
}
