package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerSpec;
import io.runcible.runtime.Capability;
import io.runcible.runtime.SeccompProfile;
import io.runcible.runtime.Selinux;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;

/** What the processes of a container may do. */
final class SecurityOptions {
  private static final int MAX_PROFILE = 4 << 20;

  @Option(
      names = "--cap-add",
      paramLabel = "CAPABILITY",
      description = "Add a capability, such as NET_ADMIN, or ALL.")
  private List<String> added = List.of();

  @Option(
      names = "--cap-drop",
      paramLabel = "CAPABILITY",
      description = "Drop a capability, or ALL that are not added.")
  private List<String> dropped = List.of();

  @Option(
      names = "--security-opt",
      paramLabel = "OPTION",
      description =
          "no-new-privileges[=false] (the default is true), seccomp=FILE, seccomp=unconfined,"
              + " apparmor=PROFILE, label=disable, and label=type:TYPE and so on where there is"
              + " SELinux.")
  private List<String> options = List.of();

  @Option(names = "--privileged", description = "Not supported: add what it needs instead.")
  private boolean privileged;

  /** Whether its files can have SELinux labels; as podman does, a host without passes them over. */
  boolean mayLabel() {
    return Selinux.ofThisHost().isEnabled() && !labels().contains("disable");
  }

  private List<String> labels() {
    return options.stream()
        .filter(option -> option.matches("label[=:].*"))
        .map(option -> option.substring("label=".length()))
        .toList();
  }

  /**
   * Says what the options say.
   *
   * @param labeled whether it gets SELinux labels, whatever they say
   */
  void apply(ContainerSpec.Builder spec, boolean labeled) {
    if (privileged) {
      throw unsupported(
          "--privileged is not supported; give it what it needs: --cap-add, --device,"
              + " --security-opt seccomp=unconfined, --security-opt no-new-privileges=false");
    }
    added.forEach(capability -> add(spec, capability));
    dropped.forEach(spec::dropCapability);
    options.forEach(option -> apply(spec, option));
    List<String> labels = labels();
    if (!labels.contains("disable")) {
      SelinuxLabels wanted = SelinuxLabels.of(labels);
      if (mayLabel() && (labeled || !labels.isEmpty())) {
        spec.selinuxLabels(wanted.process(), wanted.files());
      }
    }
  }

  private static void add(ContainerSpec.Builder spec, String capability) {
    if (capability.toUpperCase(Locale.ROOT).equals("ALL")) {
      for (Capability one : Capability.values()) {
        spec.addCapability(one.specName());
      }
    } else {
      spec.addCapability(Capability.parse(capability).specName());
    }
  }

  private static void apply(ContainerSpec.Builder spec, String option) {
    // Earlier releases of the other engines had a colon.
    String[] words = option.split("[=:]", 2);
    String value = words.length == 1 ? "" : words[1];
    switch (words[0]) {
      case "no-new-privileges" -> noNewPrivileges(spec, option, value);
      case "seccomp" -> seccomp(spec, value);
      case "apparmor" -> spec.apparmorProfile(value);
      case "label" -> {
        // All of them together.
      }
      case "mask", "unmask", "systempaths", "proc-opts" ->
          throw unsupported("--security-opt " + option + " is not supported");
      default -> throw invalid("there is no --security-opt '" + option + "'");
    }
  }

  private static void noNewPrivileges(ContainerSpec.Builder spec, String option, String value) {
    switch (value) {
      case "", "true" -> {
        // As it is anyway.
      }
      case "false" -> spec.allowNewPrivileges();
      default -> throw invalid("'" + option + "' is neither true nor false");
    }
  }

  private static void seccomp(ContainerSpec.Builder spec, String value) {
    if (value.equals("unconfined")) {
      spec.seccomp(SeccompProfile.unconfined());
    } else if (!value.equals("builtin") && !value.equals("default")) {
      spec.seccomp(SeccompProfile.of(profile(Path.of(value))));
    }
  }

  private static byte[] profile(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_PROFILE + 1);
      if (bytes.length > MAX_PROFILE) {
        throw invalid("the seccomp profile '" + file + "' has more than " + MAX_PROFILE + " bytes");
      }
      return bytes;
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND,
          "cannot read the seccomp profile '" + file + "': " + e.getMessage(),
          e);
    }
  }

  private static RuncibleException unsupported(String message) {
    return new RuncibleException(ErrorKind.UNSUPPORTED, message);
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }
}
