package io.runcible.network;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.NetworkNamespace;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.state.JsonRecord;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The containers that plugins have connected. What the plugins need to undo it is kept apart from
 * the container's files, before they are asked for the first time and until they have done it: a
 * record, and the network namespace, without which some leave packet filters behind.
 */
final class CniNetworks {
  private static final Logger LOG = LoggerFactory.getLogger(CniNetworks.class);
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final String DEVICE = "eth0";
  private static final String SUFFIX = ".json";
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final PrivilegedHost host;
  private final Path root;
  private final CniPlugins plugins = new CniPlugins(CniPlugins.DIRECTORIES, LIMIT);

  CniNetworks(PrivilegedHost host, Path root) {
    this.host = host;
    this.root = root;
  }

  /**
   * What is kept of a container on a network.
   *
   * @param container its id
   * @param ports what is published, as {@link PortBinding#parse} reads it
   * @param configuration the network's
   * @param result what the plugins answered; null before they did
   */
  private record Connected(
      String container, List<String> ports, String configuration, @Nullable String result) {
    Connected {
      // What lacks any is a damaged file.
      Objects.requireNonNull(container);
      Objects.requireNonNull(ports);
      Objects.requireNonNull(configuration);
    }

    Connected with(JsonNode answer) {
      return new Connected(container, ports, configuration, answer.toString());
    }

    CniConfiguration parsed() {
      return CniConfiguration.parse(configuration, "what is kept of a CNI network");
    }

    CniPlugins.Attachment attachment(String token, Path pin) {
      return new CniPlugins.Attachment(
          container + "-" + token,
          Optional.of(pin).filter(CniNetworks::isMounted),
          DEVICE,
          ports.stream().flatMap(port -> PortBinding.parse(port).stream()).toList());
    }

    Optional<JsonNode> answer() {
      try {
        return result == null ? Optional.empty() : Optional.of(MAPPER.readTree(result));
      } catch (JsonProcessingException e) {
        return Optional.empty();
      }
    }
  }

  /**
   * Connects a container.
   *
   * @param namespace its network namespace
   * @param resolver whether to write the name servers of the network to its resolv.conf
   */
  void attach(
      NetworkClient client,
      NetworkNamespace namespace,
      Network network,
      List<PortBinding> ports,
      boolean resolver) {
    CniConfiguration configuration = CniConfiguration.of(network.name());
    Connected connected =
        new Connected(
            client.id(),
            configuration.publishes()
                ? ports.stream().map(PortBinding::toString).toList()
                : List.of(),
            configuration.text(),
            null);
    makeRoot();
    JsonRecord.write(file(client.token()), connected, false);
    try {
      namespace.pin(pin(client.token()));
      JsonNode answer =
          plugins.add(configuration, connected.attachment(client.token(), pin(client.token())));
      JsonRecord.write(file(client.token()), connected.with(answer), false);
      writeFiles(client, network, CniResult.of(answer), resolver);
    } catch (RuntimeException e) {
      try {
        undo(client.token());
      } catch (RuntimeException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private static void writeFiles(
      NetworkClient client, Network network, CniResult result, boolean resolver) {
    List<String> names = client.names().stream().filter(Network::isHostName).toList();
    List<String> lines =
        result.addresses().stream()
            .map(address -> address.getHostAddress() + "\t" + String.join(" ", names))
            .toList();
    HostsFile.rewrite(client.directory().resolve(NetworkClient.HOSTS), "cni", lines);
    if (resolver && !result.resolver().isEmpty()) {
      try {
        Path file = client.directory().resolve("resolv.conf");
        Files.writeString(
            file, String.join("\n", result.resolver()) + "\n", StandardCharsets.US_ASCII);
      } catch (IOException e) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE, "cannot write the resolv.conf of " + network, e);
      }
    }
  }

  /** Has the plugins undo what they did for a container; no error if they did nothing. */
  private void undo(String token) {
    Optional<Connected> connected = find(token);
    if (connected.isPresent()) {
      Connected known = connected.get();
      plugins.delete(
          known.parsed(), known.attachment(token, pin(token)), known.answer().orElse(null));
      forget(token);
    }
  }

  private void forget(String token) {
    host.unmount(pin(token));
    remove(pin(token));
    remove(file(token));
  }

  /** The same; what fails is tried again when an engine opens. */
  void release(String token) {
    try {
      undo(token);
    } catch (RuncibleException e) {
      LOG.warn("cannot undo a CNI network; a later start tries again", e);
    }
  }

  /** Releases what containers have that are gone. */
  void reclaim(BiPredicate<String, String> gone) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(root, "[a-z0-9]*" + SUFFIX)) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        String token = name.substring(0, name.length() - SUFFIX.length());
        reclaim(token, gone);
      }
    } catch (NoSuchFileException e) {
      // No container was ever on such a network.
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list '" + root + "'", e);
    }
  }

  /** One that cannot be done keeps nobody from the others. */
  private void reclaim(String token, BiPredicate<String, String> gone) {
    try {
      if (isDamaged(token)) {
        forget(token);
      } else if (find(token).filter(known -> !gone.test(known.container(), token)).isEmpty()) {
        release(token);
      }
    } catch (RuncibleException e) {
      LOG.warn("cannot undo a CNI network; a later start tries again", e);
    }
  }

  /** After a power loss; nobody can ask the plugins to undo it then. */
  private boolean isDamaged(String token) {
    try {
      find(token);
      return false;
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.CORRUPT_DATA) {
        LOG.warn("what is kept of a CNI network is damaged; its plugins may keep addresses", e);
        return true;
      }
      throw e;
    }
  }

  /**
   * Asks the plugins whether a container is still connected.
   *
   * @throws RuncibleException UNAVAILABLE with what a plugin says, UNSUPPORTED if the network is of
   *     a version without such a question, or has it switched off
   */
  void check(String token) {
    Connected known =
        find(token)
            .orElseThrow(
                () ->
                    new RuncibleException(
                        ErrorKind.FAILED_PRECONDITION, "the container is on no CNI network"));
    CniConfiguration configuration = known.parsed();
    if (!configuration.checks()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "the CNI network '" + configuration.name() + "' cannot be checked");
    }
    plugins.check(
        configuration,
        known.attachment(token, pin(token)),
        known
            .answer()
            .orElseThrow(
                () ->
                    new RuncibleException(
                        ErrorKind.FAILED_PRECONDITION, "the container is not connected")));
  }

  /** The addresses of a container. */
  List<InetAddress> addresses(String token) {
    return find(token)
        .flatMap(Connected::answer)
        .map(answer -> CniResult.of(answer).addresses())
        .orElse(List.of());
  }

  boolean has(String token) {
    return Files.exists(file(token));
  }

  private Optional<Connected> find(String token) {
    return JsonRecord.read(file(token), Connected.class);
  }

  private Path file(String token) {
    return root.resolve(token + SUFFIX);
  }

  private Path pin(String token) {
    return root.resolve(token + ".netns");
  }

  /** After a reboot the file is there, and no namespace. */
  private static boolean isMounted(Path pin) {
    try {
      return Files.exists(pin)
          && !Files.getAttribute(pin, "unix:dev")
              .equals(Files.getAttribute(pin.resolveSibling("."), "unix:dev"));
    } catch (IOException e) {
      return false;
    }
  }

  private void makeRoot() {
    try {
      Files.createDirectories(
          root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + root + "'", e);
    }
  }

  private static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot remove '" + file + "'", e);
    }
  }
}
