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
  private static final String LOOPBACK =
      "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";

  private HostFiles() {}

  /**
   * Writes them; what its networks add comes later. Returns what there is to say about them.
   *
   * @param resolvConf what the network asks for; empty for what the host and the spec say
   */
  static List<String> write(
      ContainerDirectory directory,
      String hostname,
      ContainerSpec spec,
      Optional<String> resolvConf) {
    NameResolution names = spec.nameResolution();
    Network.Kind network = spec.network().kind();
    try {
      write(directory, "hostname", hostname + "\n");
      if (network == Network.Kind.CONTAINER) {
        return List.of(); // It has those of the other one.
      }
      write(directory, "hosts", hosts(network, hostname, names));
      if (resolvConf.isPresent() && !names.changesResolver()) {
        write(directory, "resolv.conf", resolvConf.get());
        return List.of();
      }
      boolean ofHost = network == Network.Kind.BRIDGE || network == Network.Kind.CNI;
      if (ofHost || names.changesResolver()) {
        ResolverFile resolver = ResolverFile.of(names);
        write(directory, "resolv.conf", resolver.text());
        return resolver.notes();
      }
      if (network == Network.Kind.HOST && Files.isReadable(ResolverFile.HOST)) {
        write(directory, "resolv.conf", Files.readAllBytes(ResolverFile.HOST));
      }
      return List.of();
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot write the files of container " + directory.id(), e);
    }
  }

  private static String hosts(Network.Kind network, String hostname, NameResolution names)
      throws IOException {
    Path ofHost = Path.of("/etc/hosts");
    StringBuilder text = new StringBuilder();
    if (network == Network.Kind.HOST && Files.isReadable(ofHost)) {
      // Bytes that are no text survive this way.
      text.append(Files.readString(ofHost, StandardCharsets.ISO_8859_1).stripTrailing())
          .append('\n');
    } else {
      text.append(LOOPBACK);
      if (network != Network.Kind.BRIDGE && network != Network.Kind.CNI) {
        text.append("127.0.1.1\t").append(hostname).append('\n');
      }
    }
    text.append(names.hostLines());
    if (network == Network.Kind.HOST) {
      names.gatewayNames().forEach(name -> text.append("127.0.0.1\t").append(name).append('\n'));
    }
    return text.toString();
  }

  private static void write(ContainerDirectory directory, String name, String content)
      throws IOException {
    write(directory, name, content.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static void write(ContainerDirectory directory, String name, byte[] content)
      throws IOException {
    Path file = Files.write(directory.path().resolve(name), content);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
  }

  /**
   * Mounts them into a container.
   *
   * @param names whose names they are: the container's own directory, or that of the one whose
   *     network it shares
   */
  static List<RuntimeSpec.Mount> mounts(ContainerDirectory directory, ContainerDirectory names) {
    List<RuntimeSpec.Mount> mounts = new ArrayList<>();
    mount(mounts, directory, "hostname");
    mount(mounts, names, "hosts");
    mount(mounts, names, "resolv.conf");
    return mounts;
  }

  private static void mount(
      List<RuntimeSpec.Mount> mounts, ContainerDirectory directory, String name) {
    Path file = directory.path().resolve(name);
    if (Files.exists(file)) {
      mounts.add(RuntimeSpec.Mount.bind(file, "/etc/" + name, false));
    }
  }
}
