package io.runcible.network;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.NetworkNamespace;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Rtnetlink;
import io.runcible.ffi.Rtnetlink.Route;
import io.runcible.json.JsonTree;
import io.runcible.state.JsonRecord;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The containers that plugins have connected. What the plugins need to undo it is kept apart from
 * the container's files, before they are asked for the first time and until they have done it: a
 * record, and the network namespace, without which some leave packet filters behind.
 */
final class CniNetworks {
  private static final String DEVICE = "eth";
  private static final String SUFFIX = ".json";
  private static final Pattern INDEX = Pattern.compile("[.][0-9]{1,9}");
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
   * @param index which of its networks it is, in their order
   */
  private record Connected(
      String container,
      List<String> ports,
      String configuration,
      @Nullable String result,
      int index) {
    Connected {
      // What lacks any is a damaged file.
      Objects.requireNonNull(container);
      Objects.requireNonNull(ports);
      Objects.requireNonNull(configuration);
    }

    Connected with(JsonNode answer) {
      return new Connected(container, ports, configuration, answer.toString(), index);
    }

    CniConfiguration parsed() {
      return CniConfiguration.parse(configuration, "what is kept of a CNI network");
    }

    CniPlugins.Attachment attachment(String token, Path pin) {
      return new CniPlugins.Attachment(
          container + "-" + token,
          Optional.of(pin).filter(CniNetworks::isMounted),
          DEVICE + index,
          ports.stream().flatMap(port -> PortBinding.parse(port).stream()).toList());
    }

    Optional<JsonNode> answer() {
      try {
        return result == null ? Optional.empty() : Optional.of(JsonTree.read(result));
      } catch (JsonProcessingException e) {
        return Optional.empty();
      }
    }
  }

  /**
   * Connects a container, to one network after the other.
   *
   * @param namespace its network namespace
   * @param ports for the first network that publishes any
   * @param resolver whether to write name servers to its resolv.conf: those of the first network
   *     that has some
   */
  void attach(
      NetworkClient client,
      NetworkNamespace namespace,
      List<Network> networks,
      List<PortBinding> ports,
      boolean resolver) {
    List<CniConfiguration> configurations =
        networks.stream().map(network -> CniConfiguration.of(network.name())).toList();
    makeRoot();
    List<PortBinding> open = ports;
    List<CniResult> results = new ArrayList<>();
    try {
      for (CniConfiguration configuration : configurations) {
        List<PortBinding> own = configuration.publishes() ? open : List.of();
        open = configuration.publishes() ? List.of() : open;
        results.add(connect(client, namespace, configuration, own, results.size()));
      }
      writeFiles(client, results, resolver);
    } catch (RuntimeException e) {
      try {
        undo(client.token());
      } catch (RuntimeException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private CniResult connect(
      NetworkClient client,
      NetworkNamespace namespace,
      CniConfiguration configuration,
      List<PortBinding> ports,
      int index) {
    String token = client.token();
    Connected connected =
        new Connected(
            client.id(),
            ports.stream().map(PortBinding::toString).toList(),
            configuration.text(),
            null,
            index);
    JsonRecord.write(file(token, index), connected, false);
    if (index == 0) {
      namespace.pin(pin(token));
    }
    List<Route> before = defaultRoutes(namespace.netlink());
    JsonNode answer = plugins.add(configuration, connected.attachment(token, pin(token)));
    JsonRecord.write(file(token, index), connected.with(answer), false);
    keepDefaultRoutes(namespace.netlink(), before);
    return CniResult.of(answer);
  }

  private static List<Route> defaultRoutes(Rtnetlink inside) {
    return inside.routes().stream().filter(Route::isDefault).toList();
  }

  /**
   * Of each kind of address the first network's that brings one: many plugins put theirs before
   * those that are there. One that has replaced them has its way.
   */
  private static void keepDefaultRoutes(Rtnetlink inside, List<Route> before) {
    List<Route> now = defaultRoutes(inside);
    Set<InetAddress> kept =
        now.stream().filter(before::contains).map(Route::destination).collect(Collectors.toSet());
    now.stream()
        .filter(route -> !before.contains(route) && kept.contains(route.destination()))
        .forEach(inside::deleteDefaultRoute);
  }

  private static void writeFiles(NetworkClient client, List<CniResult> results, boolean resolver) {
    List<String> names = client.names().stream().filter(Network::isHostName).toList();
    List<String> lines =
        results.stream()
            .flatMap(result -> result.addresses().stream())
            .map(address -> address.getHostAddress() + "\t" + String.join(" ", names))
            .toList();
    HostsFile.rewrite(client.directory().resolve(NetworkClient.HOSTS), "cni", lines);
    Optional<List<String>> servers =
        results.stream().map(CniResult::resolver).filter(found -> !found.isEmpty()).findFirst();
    if (resolver && servers.isPresent()) {
      Path file = client.directory().resolve("resolv.conf");
      try {
        Files.writeString(file, String.join("\n", servers.get()) + "\n", StandardCharsets.US_ASCII);
      } catch (IOException e) {
        throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot write '" + file + "'", e);
      }
    }
  }

  /**
   * Has the plugins undo what they did for a container, on the last network first; no error if they
   * did nothing. Goes on after a failure, and then keeps what it takes to try that one again.
   */
  private void undo(String token) {
    List<Integer> indices = new ArrayList<>(indices(token));
    Collections.reverse(indices);
    RuncibleException failure = null;
    int left = indices.size();
    for (int index : indices) {
      try {
        Optional<Connected> known = readable(token, index);
        if (known.isPresent()) {
          undo(token, known.get());
        }
        forget(token, index, left == 1);
        left--;
      } catch (RuncibleException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private void undo(String token, Connected known) {
    plugins.delete(
        known.parsed(), known.attachment(token, pin(token)), known.answer().orElse(null));
  }

  /** The namespace goes before what is kept of the last network, by which it is found. */
  private void forget(String token, int index, boolean last) {
    if (last) {
      host.unmount(pin(token));
      remove(pin(token));
    }
    remove(file(token, index));
  }

  /** The same; what fails is tried again when an engine opens. */
  void release(String token) {
    try {
      undo(token);
    } catch (RuncibleException e) {
      log().warn("cannot undo a CNI network; a later start tries again", e);
    }
  }

  /** Releases what containers have that are gone. */
  void reclaim(BiPredicate<String, String> gone) {
    Set<String> tokens = new TreeSet<>();
    for (String name : names("[a-z0-9]*" + SUFFIX)) {
      tokens.add(name.substring(0, name.indexOf('.')));
    }
    tokens.forEach(token -> reclaim(token, gone));
  }

  /** One that cannot be done keeps nobody from the others. */
  private void reclaim(String token, BiPredicate<String, String> gone) {
    try {
      if (indices(token).stream()
          .flatMap(index -> readable(token, index).stream())
          .allMatch(known -> gone.test(known.container(), token))) {
        undo(token);
      }
    } catch (RuncibleException e) {
      log().warn("cannot undo a CNI network; a later start tries again", e);
    }
  }

  /** Empty for one that a power loss has damaged; nobody can ask the plugins to undo it then. */
  private Optional<Connected> readable(String token, int index) {
    try {
      return JsonRecord.read(file(token, index), Connected.class);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.CORRUPT_DATA) {
        log().warn("what is kept of a CNI network is damaged; its plugins may keep addresses", e);
        return Optional.empty();
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
    List<Connected> all = find(token);
    if (all.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "the container is on no CNI network");
    }
    all.forEach(known -> check(token, known));
  }

  private void check(String token, Connected known) {
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
    return find(token).stream()
        .flatMap(known -> known.answer().stream())
        .flatMap(answer -> CniResult.of(answer).addresses().stream())
        .toList();
  }

  boolean has(String token) {
    return !indices(token).isEmpty();
  }

  /** Of the networks that plugins were asked to put a container on, in order. */
  private List<Integer> indices(String token) {
    List<Integer> indices = new ArrayList<>();
    for (String name : names(token + "{,.[0-9]*}" + SUFFIX)) {
      String index = name.substring(token.length(), name.length() - SUFFIX.length());
      if (index.isEmpty()) {
        indices.add(0);
      } else if (INDEX.matcher(index).matches()) {
        indices.add(Integer.parseInt(index.substring(1)));
      }
    }
    Collections.sort(indices);
    return indices;
  }

  private List<String> names(String glob) {
    List<String> names = new ArrayList<>();
    if (Files.notExists(root)) {
      return names;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(root, glob)) {
      files.forEach(file -> names.add(file.getFileName().toString()));
    } catch (NoSuchFileException e) {
      // No container was ever on such a network.
    } catch (IOException | DirectoryIteratorException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list '" + root + "'", e);
    }
    return names;
  }

  private List<Connected> find(String token) {
    List<Connected> found = new ArrayList<>();
    for (int index : indices(token)) {
      JsonRecord.read(file(token, index), Connected.class).ifPresent(found::add);
    }
    return found;
  }

  /** That of the first network has the name that earlier releases gave the only one. */
  private Path file(String token, int index) {
    return root.resolve(token + (index == 0 ? "" : "." + index) + SUFFIX);
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

  private static Logger log() {
    return LoggerFactory.getLogger(CniNetworks.class);
  }
}
