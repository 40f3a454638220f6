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
  static void check(ContainerSpec spec, boolean rootless) {
    if (rootless && wanted(spec)) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "SELinux labels need root: an ordinary user's process may not give a label to all files"
              + " of a container, which belong to its subordinate ids");
    }
    Selinux host = Selinux.ofThisHost();
    if (spec.selinuxLabel().isPresent()) {
      host.require(spec.selinuxLabel().get());
    }
    if (spec.selinuxFileLabel().isPresent()) {
      host.require(spec.selinuxFileLabel().get());
    }
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

  private static boolean wanted(ContainerSpec spec) {
    return spec.selinuxLabel().isPresent()
        || spec.selinuxFileLabel().isPresent()
        || spec.mounts().stream().anyMatch(mount -> mount.relabel() != Mount.Relabel.NO);
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
    Optional<String> label = spec.selinuxFileLabel();
    return label.isPresent() ? changes.withLabel(label.get()) : changes;
  }

  /**
   * Labels the files of bind mounts that are to be, and those that the engine has made, of which
   * there are all by now that the container sees. What is mounted among them keeps its own. What is
   * made later beside them, such as logs, gets what the policy says, as a rule the type of the
   * directory with the level of this process.
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
    if (spec.selinuxFileLabel().isPresent()) {
      builder.mountLabel(spec.selinuxFileLabel().get());
    }
  }
}
