package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.Network;
import io.runcible.runtime.RuntimeSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The files below {@code /etc} that say who a container is and how it resolves names. */
final class HostFiles {
  private HostFiles() {}

  /**
   * Writes them.
   *
   * @param resolvConf what the network asks for; empty for that of the host on its network, and
   *     otherwise for none
   */
  static void write(
      ContainerDirectory directory, String hostname, Network network, Optional<String> resolvConf) {
    String loopback = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
    try {
      write(directory, "hostname", utf8(hostname + "\n"));
      write(
          directory,
          "hosts",
          network == Network.HOST && Files.isReadable(Path.of("/etc/hosts"))
              ? Files.readAllBytes(Path.of("/etc/hosts"))
              : utf8(loopback + "127.0.1.1\t" + hostname + "\n"));
      if (resolvConf.isPresent()) {
        write(directory, "resolv.conf", utf8(resolvConf.get()));
      } else if (network == Network.HOST && Files.isReadable(Path.of("/etc/resolv.conf"))) {
        write(directory, "resolv.conf", Files.readAllBytes(Path.of("/etc/resolv.conf")));
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot write the files of container " + directory.id(), e);
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void write(ContainerDirectory directory, String name, byte[] content)
      throws IOException {
    Path file = Files.write(directory.path().resolve(name), content);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
  }

  static List<RuntimeSpec.Mount> mounts(ContainerDirectory directory) {
    List<RuntimeSpec.Mount> mounts = new ArrayList<>();
    for (String name : List.of("hostname", "hosts", "resolv.conf")) {
      Path file = directory.path().resolve(name);
      if (Files.exists(file)) {
        mounts.add(RuntimeSpec.Mount.bind(file, "/etc/" + name, false));
      }
    }
    return mounts;
  }
}
