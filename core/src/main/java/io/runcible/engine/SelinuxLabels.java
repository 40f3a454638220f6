package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.runtime.RuntimeSpec;
import io.runcible.runtime.Selinux;
import io.runcible.snapshot.Changes;
import java.nio.file.Path;
import java.util.Optional;

/** The SELinux labels of a container that is being made. */
final class SelinuxLabels {
  private SelinuxLabels() {}

  /** Before anything is made: what this host cannot do. */
  static void check(ContainerSpec spec) {
    check(spec, Selinux.ofThisHost());
  }

  static void check(ContainerSpec spec, Selinux host) {
    spec.selinuxLabel().ifPresent(host::require);
    spec.selinuxFileLabel().ifPresent(host::require);
    for (Mount mount : spec.mounts()) {
      if (mount.relabel() != Mount.Relabel.NO) {
        requireRelabel(spec, mount, host);
      }
      boolean kept = mount.kind() == Mount.Kind.VOLUME || mount.kind() == Mount.Kind.IMAGE;
      if (kept && spec.selinuxFileLabel().isPresent()) {
        throw new RuncibleException(
            ErrorKind.UNSUPPORTED,
            "a container with SELinux labels cannot have '"
                + mount.destination()
                + "': what is in the store has no label of one container; choose a bind mount");
      }
    }
  }

  private static void requireRelabel(ContainerSpec spec, Mount mount, Selinux host) {
    if (!host.isEnabled()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "'"
              + mount.source().orElseThrow()
              + "' cannot get another SELinux label: this host has no SELinux, or it is turned"
              + " off");
    }
    if (spec.selinuxFileLabel().isEmpty()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "'"
              + mount.source().orElseThrow()
              + "' cannot get the SELinux label of the container's files, which have none: give"
              + " selinuxLabels(...)");
    }
  }

  static Changes labeled(ContainerSpec spec, Changes changes) {
    return spec.selinuxFileLabel().map(changes::withLabel).orElse(changes);
  }

  /**
   * Labels the files of bind mounts that are to be, and those that the engine has made; what it
   * makes later beside them, such as logs, has the label of their directory.
   */
  static void label(ContainerSpec spec, ContainerDirectory directory) {
    Optional<String> label = spec.selinuxFileLabel();
    if (label.isEmpty()) {
      return;
    }
    Selinux.relabel(directory.path(), label.get());
    for (Mount mount : spec.mounts()) {
      Path source = mount.source().orElse(directory.path());
      switch (mount.relabel()) {
        case SHARED -> Selinux.relabel(source, Selinux.shared(label.get()));
        case OWN -> Selinux.relabel(source, label.get());
        case NO -> {}
      }
    }
  }

  static void configure(ContainerSpec spec, RuntimeSpec.Builder builder) {
    spec.selinuxFileLabel().ifPresent(builder::mountLabel);
  }
}
