package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.NetworkNamespace;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Rtnetlink;
import io.runcible.network.LeaseTable.Lease;
import io.runcible.network.NetworkSpec.Subnet;
import io.runcible.state.Journal;
import io.runcible.state.JsonRecord;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bridge networks of a store, which any number of processes share: what an engine builds on.
 *
 * <p>A network is a record until a container uses it. Then its bridge and its packet filter are
 * made, and they stay until neither a container nor an engine that used it is left, so that only
 * the first container pays for them. What a container has on a network is written down before it is
 * made and given back by {@link #release}, or found by {@link #undo} and {@link #reclaim} after a
 * kill.
 *
 * <p>Works on the network namespace of the calling thread. Thread-safe. Blocks for milliseconds;
 * one lock, of all processes, is held meanwhile.
 */
@SuppressWarnings("exports") // For the engine: hosts and journals are not for others.
public final class BridgeNetworks implements AutoCloseable {
  /** The kind of journal entry of an engine that keeps a network up. */
  public static final String KIND = "network";

  private static final Logger LOG = LoggerFactory.getLogger(BridgeNetworks.class);
  private static final String NAME = "name";
  private static final String ENGINE = "engine";

  private final PrivilegedHost host;
  private final Path root;
  private final NetworkFiles files;
  private final Path containers;
  private final Path journals;
  private final CniNetworks plugins;
  private final SpareNamespace spare;
  private final Map<String, Journal.Entry> kept = new ConcurrentHashMap<>();
  private volatile String self = "";

  private BridgeNetworks(PrivilegedHost host, Path root, Path containers, Path journals) {
    this.host = host;
    this.root = root;
    this.files = new NetworkFiles(root);
    this.containers = containers;
    this.journals = journals;
    this.plugins = new CniNetworks(host, root.resolveSibling("cni"));
    this.spare = new SpareNamespace(host);
  }

  /**
   * The networks of a store.
   *
   * @param host where privileged work happens
   * @param root the directory of their records; made when there is one
   * @param containers the directory with one directory for each container, in which {@code
   *     container.json} has the container's token
   * @param journals the directory of the journals of all engines
   */
  public static BridgeNetworks open(
      PrivilegedHost host, Path root, Path containers, Path journals) {
    return new BridgeNetworks(host, root, containers, journals);
  }

  /**
   * What an engine does when it opens: gives back what containers and engines have that are not
   * there, as after a power cut.
   */
  public void reclaim() {
    for (String name : files.names()) {
      if (!present(files.leases(name)).equals(files.leases(name))) {
        change(name, this::present);
      }
    }
    plugins.reclaim(this::isGone);
  }

  private LeaseTable present(LeaseTable table) {
    LeaseTable present = table.without(this::isGone);
    for (String engine : table.engines()) {
      if (!Files.exists(journals.resolve(engine))) {
        present = present.withoutEngine(engine);
      }
    }
    return present;
  }

  private boolean isGone(Lease lease) {
    return isGone(lease.containerId(), lease.token());
  }

  private boolean isGone(String containerId, String token) {
    Path record = containers.resolve(containerId).resolve("container.json");
    try {
      return JsonRecord.read(record, Owner.class)
          .filter(owner -> token.equals(owner.token()))
          .isEmpty();
    } catch (RuncibleException e) {
      return e.kind() == ErrorKind.CORRUPT_DATA;
    }
  }

  private record Owner(String token) {}

  /** Undoes what an engine left that kept a network up. */
  public void undo(Map<String, String> facts) {
    String name = facts.getOrDefault(NAME, "");
    if (files.names().contains(name)) {
      change(name, table -> table.withoutEngine(facts.getOrDefault(ENGINE, "")));
    }
  }

  /**
   * Makes a network. Nothing of the host changes before a container uses it.
   *
   * @throws RuncibleException ALREADY_EXISTS if there is one of this name, FAILED_PRECONDITION if a
   *     subnet collides with a route or an address of the host or with another network, UNSUPPORTED
   *     for an ordinary user
   */
  public NetworkInfo create(NetworkSpec spec) {
    requireRoot(spec.name());
    return files.locked(
        () -> {
          if (files.record(spec.name()).isPresent()) {
            throw new RuncibleException(
                ErrorKind.ALREADY_EXISTS, "there is a network '" + spec.name() + "' already");
          }
          return make(spec).info(LeaseTable.EMPTY);
        });
  }

  private NetworkRecord make(NetworkSpec spec) {
    String device = NetworkRecord.device(seed(spec.name()), spec.isIsolated());
    try (Rtnetlink netlink = Rtnetlink.open()) {
      SubnetChooser chooser = SubnetChooser.of(netlink, files.records(), spec.name(), device);
      chooser.requireFree(spec.name(), spec.subnets());
      List<Subnet> subnets =
          spec.subnets().isEmpty() ? chooser.choose(seed(spec.name())) : spec.subnets();
      NetworkRecord record = NetworkRecord.of(spec, device, subnets);
      files.write(record);
      return record;
    }
  }

  private String seed(String name) {
    return root + "\0" + name;
  }

  private void requireRoot(String name) {
    if (host.rootless()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "the bridge network '"
              + name
              + "' needs root: an ordinary user can change neither devices nor packet filters of"
              + " the host");
    }
  }

  /** A network by its name. */
  public Optional<NetworkInfo> find(String name) {
    Network.requireName(name);
    return files.record(name).map(record -> record.info(files.leases(name)));
  }

  /** All networks, by name. */
  public List<NetworkInfo> list() {
    return files.records().stream()
        .map(record -> record.info(files.leases(record.name())))
        .toList();
  }

  /**
   * Removes a network.
   *
   * @return false if there is none of this name
   * @throws RuncibleException FAILED_PRECONDITION if a container is on it
   */
  public boolean remove(String name) {
    Network.requireName(name);
    return files.locked(
        () -> {
          Optional<NetworkRecord> record = files.record(name);
          record.ifPresent(this::removeUnused);
          return record.isPresent();
        });
  }

  private void removeUnused(NetworkRecord record) {
    List<String> users =
        files.leases(record.name()).without(this::isGone).leases().stream()
            .map(Lease::containerId)
            .toList();
    if (!users.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "network '"
              + record.name()
              + "' is used by "
              + users
              + "; remove or disconnect them first");
    }
    remove(record);
  }

  private void remove(NetworkRecord record) {
    takeDown(record);
    files.remove(record.name());
    Journal.Entry entry = kept.remove(record.name());
    if (entry != null) {
      entry.done();
    }
  }

  /** Removes the networks that no container is on; returns their names. */
  public List<String> prune() {
    return files.locked(
        () -> {
          List<String> removed = new ArrayList<>();
          for (NetworkRecord record : files.records()) {
            if (files.leases(record.name()).leases().stream().allMatch(this::isGone)) {
              remove(record);
              removed.add(record.name());
            }
          }
          return removed;
        });
  }

  /**
   * Makes the network namespace of a container that has not been started, and puts it on networks.
   * A failure leaves what {@link #release} and an unmount of the namespace's file take away.
   *
   * @param journal of the engine
   * @param networks the first one with a way out is the way to the rest of the world
   */
  public void attach(Journal journal, NetworkClient client, List<Network> networks) {
    requireRoot(networks.get(0).name());
    try (NetworkNamespace namespace = namespace(client.namespace())) {
      files.locked(
          () -> {
            NetworkClient asking = client;
            for (int i = 0; i < networks.size(); i++) {
              join(journal, asking, networks.get(i), namespace, "eth" + i);
              // The host has its name on the first network.
              asking = client.withoutGatewayNames();
            }
          });
    }
  }

  /** The file is there if the namespace was made with a user namespace. */
  private NetworkNamespace namespace(Path pin) {
    if (Files.exists(pin)) {
      return host.prepareNetworkNamespace(pin);
    }
    NetworkNamespace taken = spare.take();
    try {
      taken.pin(pin);
      return taken;
    } catch (RuntimeException e) {
      taken.close();
      throw e;
    }
  }

  /** Makes ready what the next {@link #attach} begins with. Blocks for some milliseconds. */
  public void prepare() {
    spare.fill();
  }

  /**
   * Makes the network namespace of a container that has not been started, and has plugins connect
   * it to networks, in their order. A failure leaves what {@link #release} and an unmount of the
   * namespace's file take away.
   *
   * @param ports what is to be published, as far as it is the plugins' business
   * @param resolver whether the name servers of the network are the container's
   * @throws RuncibleException UNAVAILABLE with what a plugin says, UNSUPPORTED if one is not
   *     installed, and what is wrong with the configuration
   */
  public void attach(
      NetworkClient client, List<Network> networks, List<PortBinding> ports, boolean resolver) {
    try (NetworkNamespace namespace = namespace(client.namespace())) {
      plugins.attach(client, namespace, networks, ports, resolver);
    }
  }

  /**
   * Whether one of these is a CNI network that publishes ports itself.
   *
   * @throws RuncibleException NOT_FOUND or INVALID_INPUT if one has no configuration
   */
  public static boolean publish(List<Network> networks) {
    return networks.stream()
        .filter(network -> network.kind() == Network.Kind.CNI)
        .anyMatch(network -> CniConfiguration.of(network.name()).publishes());
  }

  /** Whether plugins have connected a container. */
  public boolean hasPlugins(String token) {
    return plugins.has(token);
  }

  /** Asks the plugins whether a container is still connected; see {@link CniNetworks#check}. */
  public void check(String token) {
    plugins.check(token);
  }

  /** Has plugins undo what they did, while the namespace is still there. */
  public void releasePlugins(String token) {
    plugins.release(token);
  }

  /**
   * Puts a container on one more network, also while it runs.
   *
   * @throws RuncibleException ALREADY_EXISTS if it is on it, NOT_FOUND if there is no such network
   */
  public void connect(Journal journal, NetworkClient client, Network network) {
    requireRoot(network.name());
    files.locked(
        () -> {
          // Not before: whoever removes the container takes the namespace away, and then the lock.
          try (NetworkNamespace namespace = host.openNetworkNamespace(client.namespace())) {
            String device = ContainerDevice.freeName(namespace.netlink());
            join(journal, client, network, namespace, device);
          }
        });
  }

  private void join(
      Journal journal,
      NetworkClient client,
      Network network,
      NetworkNamespace namespace,
      String device) {
    try (Rtnetlink netlink = Rtnetlink.open()) {
      NetworkRecord record = require(network.name());
      LeaseTable before = files.leases(record.name());
      LeaseTable table = before.without(lease -> isReplaced(lease, client));
      if (table.of(client.token()).isPresent()) {
        throw new RuncibleException(
            ErrorKind.ALREADY_EXISTS,
            "container " + client.id() + " is on network '" + record.name() + "' already");
      }
      Optional<Rtnetlink.Link> bridge = BridgeDevice.find(netlink, record);
      if (bridge.isEmpty()) {
        Nft.require();
        record = withFreeSubnets(netlink, record, table);
      }
      AddressPool.Given given = new AddressPool(record, table).choose(network.address());
      Lease lease = lease(client, network, given, device);
      keep(journal, record.name());
      cutOff(netlink, before, table);
      table = table.with(lease, given.last());
      files.write(
          record.name(),
          table.engines().contains(journal.owner()) ? table : table.withEngine(journal.owner()));
      Rtnetlink.Link made = bridge.isPresent() ? bridge.get() : BridgeDevice.make(netlink, record);
      if (bridge.isPresent()) {
        rewritePorts(record, before, table);
      } else if (!running(table).isEmpty()) {
        writePorts(record, table);
      }
      new ContainerDevice(record, lease, given).make(netlink, made, namespace, network.mac());
      writeHosts(record, table);
    }
  }

  /** Its container is gone, as far as that can be seen at a glance. */
  private boolean isReplaced(Lease lease, NetworkClient client) {
    return (lease.containerId().equals(client.id()) && !lease.token().equals(client.token()))
        || !Files.exists(containers.resolve(lease.containerId()));
  }

  private NetworkRecord require(String name) {
    Optional<NetworkRecord> record = files.record(name);
    if (record.isPresent()) {
      return record.get();
    }
    if (!name.equals(Network.BRIDGE.name())) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "there is no network '" + name + "'; create it first");
    }
    return make(NetworkSpec.builder(name).build());
  }

  /** What was free when the network was made may not be so when it is first used. */
  private NetworkRecord withFreeSubnets(Rtnetlink netlink, NetworkRecord record, LeaseTable table) {
    SubnetChooser chooser = SubnetChooser.of(netlink, files.records(), record);
    boolean movable = record.chosen() && table.leases().isEmpty();
    boolean collides =
        record.parsedSubnets().stream().anyMatch(s -> chooser.collision(s.prefix()).isPresent());
    if (!collides) {
      return record;
    }
    if (!movable) {
      chooser.requireFree(record.name(), record.parsedSubnets());
    }
    NetworkRecord moved = record.withSubnets(chooser.choose(seed(record.name())));
    files.write(moved);
    return moved;
  }

  private static Lease lease(
      NetworkClient client, Network network, AddressPool.Given given, String device) {
    List<String> names = new ArrayList<>(client.names());
    network.aliases().stream().filter(alias -> !names.contains(alias)).forEach(names::add);
    return new Lease(
        client.id(),
        client.token(),
        ContainerDevice.hostName(client.token(), network.name()),
        device,
        given.addresses().keySet().stream().map(InetAddress::getHostAddress).toList(),
        names.stream().filter(Network::isHostName).toList(),
        client.gatewayNames(),
        List.of());
  }

  /** As long as this is open the bridge stays. */
  private void keep(Journal journal, String name) {
    self = journal.owner();
    kept.computeIfAbsent(name, n -> journal.record(KIND, Map.of(NAME, n, ENGINE, journal.owner())));
  }

  /**
   * Takes a container off a network, also while it runs.
   *
   * @throws RuncibleException NOT_FOUND if it is not on it
   */
  public void disconnect(NetworkClient client, String name) {
    requireRoot(name);
    files.locked(() -> leave(client, name));
  }

  private void leave(NetworkClient client, String name) {
    try (NetworkNamespace namespace = host.openNetworkNamespace(client.namespace());
        Rtnetlink netlink = Rtnetlink.open()) {
      Lease lease =
          files
              .leases(name)
              .of(client.token())
              .orElseThrow(
                  () ->
                      new RuncibleException(
                          ErrorKind.NOT_FOUND,
                          "container " + client.id() + " is not on network '" + name + "'"));
      netlink.deleteLink(lease.hostDevice());
      changeLocked(name, table -> table.without(l -> l.token().equals(client.token())));
      HostsFile.rewrite(hosts(lease), name, List.of());
      // Its way out may have been through the network that it left.
      for (NetworkRecord record : files.records()) {
        files
            .leases(record.name())
            .of(client.token())
            .ifPresent(l -> new ContainerDevice(record, l).route(namespace.netlink()));
      }
    }
  }

  /** Gives back what a container has, on all networks; no error if that is nothing. */
  public void release(String token) {
    plugins.release(token);
    for (String name : files.names()) {
      if (files.leases(name).of(token).isPresent()) {
        change(name, table -> table.without(lease -> lease.token().equals(token)));
      }
    }
  }

  /**
   * The same, and lets go of the container's namespace. That comes last: while the kernel takes a
   * namespace away, every change of a device waits for it.
   *
   * @param namespace the file that keeps it, from {@link #attach}
   */
  public void release(String token, Path namespace) {
    plugins.release(token);
    files.locked(
        () -> {
          try {
            for (String name : files.names()) {
              if (files.leases(name).of(token).isPresent()) {
                changeLocked(name, table -> table.without(lease -> lease.token().equals(token)));
              }
            }
          } finally {
            // Under the lock: whoever connects the container meanwhile finds it, or does not.
            host.unmount(namespace);
          }
        });
  }

  /**
   * Publishes ports of a container by the kernel's packet filter, as long as it runs, on the first
   * network with a way out. No process has to stay for it.
   *
   * @param bindings with ports of the host that {@link KernelPorts} has taken
   * @return a script for {@code nft -f} that ends it, for whoever hears of the container's end
   * @throws RuncibleException FAILED_PRECONDITION if it is on no network with a way out,
   *     UNSUPPORTED for what the kernel cannot do
   */
  public String publish(String token, List<PortBinding> bindings) {
    return files.locked(
        () -> {
          for (NetworkRecord record : files.records()) {
            Optional<Lease> lease = files.leases(record.name()).of(token);
            if (lease.isPresent() && !record.internal()) {
              return publish(record, lease.get(), bindings);
            }
          }
          throw new RuncibleException(
              ErrorKind.FAILED_PRECONDITION,
              "ports "
                  + bindings
                  + " cannot be published: the container is on no network with a"
                  + " way out");
        });
  }

  private String publish(NetworkRecord record, Lease lease, List<PortBinding> bindings) {
    Nft.require();
    PortRules.require(record, lease, bindings);
    Lease publishing = lease.publishing(bindings);
    LeaseTable before = files.leases(record.name());
    LeaseTable table = before.replacing(publishing);
    files.write(record.name(), table);
    try {
      writePorts(record, table);
    } catch (RuntimeException e) {
      // Or nobody could publish any more, nor be removed.
      files.write(record.name(), before);
      throw e;
    }
    // The rules first: they guard what this opens.
    if (bindings.stream().anyMatch(PortRules::isLocal)) {
      Forwarding.routeLoopback(record.device());
    }
    boolean ipv6 = record.parsedSubnets().stream().anyMatch(one -> !one.prefix().isIpv4());
    if (ipv6 && bindings.stream().anyMatch(PortRules::isLocal6)) {
      Forwarding.routeLoopback6(record.device());
    }
    return PortRules.removal(record, publishing);
  }

  /** The containers that ports are published of, by token, with their ids. */
  public Map<String, String> publishing() {
    Map<String, String> found = new TreeMap<>();
    for (String name : files.names()) {
      files.leases(name).leases().stream()
          .filter(lease -> !lease.ports().isEmpty())
          .forEach(lease -> found.put(lease.token(), lease.containerId()));
    }
    return found;
  }

  /** Publishes nothing of a container any more, which does not run and goes on having its place. */
  public void unpublish(String token) {
    files.locked(
        () -> {
          for (NetworkRecord record : files.records()) {
            LeaseTable before = files.leases(record.name());
            Optional<Lease> lease = before.of(token).filter(one -> !one.ports().isEmpty());
            if (lease.isPresent()) {
              LeaseTable after = before.replacing(lease.get().publishing(List.of()));
              // What fails here is found again by what is still written.
              writePorts(record, after);
              files.write(record.name(), after);
            }
          }
        });
  }

  private void writePorts(NetworkRecord record, LeaseTable table) {
    List<Lease> running = running(table);
    List<Lease> written;
    do {
      written = running;
      Nft.run(
          PortRules.script(record, written), "publish ports on network '" + record.name() + "'");
      // What ended meanwhile may have taken its ports out before this.
      running = running(table);
    } while (!running.equals(written));
  }

  private List<Lease> running(LeaseTable table) {
    return table.leases().stream()
        .filter(lease -> !lease.ports().isEmpty())
        .filter(
            lease ->
                NetworkClient.ENDED.stream()
                    .map(containers.resolve(lease.containerId())::resolve)
                    .noneMatch(Files::exists))
        .toList();
  }

  /** Of containers that are gone, or all where the table is a new one. */
  private void rewritePorts(NetworkRecord record, LeaseTable before, LeaseTable after) {
    if (before.leases().stream()
        .anyMatch(lease -> !lease.ports().isEmpty() && !after.leases().contains(lease))) {
      writePorts(record, after);
    }
  }

  /** The addresses of a container, network by network. */
  public List<InetAddress> addresses(String token) {
    List<InetAddress> addresses = new ArrayList<>(plugins.addresses(token));
    for (String name : files.names()) {
      files.leases(name).of(token).ifPresent(lease -> addresses.addAll(lease.parsedAddresses()));
    }
    return addresses;
  }

  private void change(String name, UnaryOperator<LeaseTable> change) {
    files.locked(() -> changeLocked(name, change));
  }

  private void changeLocked(String name, UnaryOperator<LeaseTable> change) {
    Optional<NetworkRecord> record = files.record(name);
    if (record.isEmpty()) {
      files.remove(name);
      return;
    }
    LeaseTable before = files.leases(name);
    LeaseTable table = change.apply(before);
    if (table.isUnused()) {
      takeDown(record.get());
    } else {
      try (Rtnetlink netlink = Rtnetlink.open()) {
        cutOff(netlink, before, table);
      }
      rewritePorts(record.get(), before, table);
    }
    files.write(name, table);
    writeHosts(record.get(), table);
  }

  /**
   * An address may be given anew before the kernel has taken the namespace of the last one away.
   */
  private static void cutOff(Rtnetlink netlink, LeaseTable before, LeaseTable after) {
    before.leases().stream()
        .filter(lease -> !after.leases().contains(lease))
        .forEach(lease -> netlink.setDown(lease.hostDevice()));
  }

  private void takeDown(NetworkRecord record) {
    try (Rtnetlink netlink = Rtnetlink.open()) {
      BridgeDevice.remove(netlink, record);
    }
  }

  /** Tells every container on a network of all the others. */
  private void writeHosts(NetworkRecord record, LeaseTable table) {
    for (Lease reader : table.leases()) {
      List<String> lines = new ArrayList<>();
      lines(lines, reader);
      table.leases().stream()
          .filter(l -> !l.token().equals(reader.token()))
          .forEach(l -> lines(lines, l));
      if (!reader.gatewayNames().isEmpty()) {
        record.parsedSubnets().stream()
            .map(subnet -> subnet.gateway().getHostAddress())
            .forEach(g -> lines.add(g + "\t" + String.join(" ", reader.gatewayNames())));
      }
      try {
        HostsFile.rewrite(hosts(reader), record.name(), lines);
      } catch (RuncibleException e) {
        // One container's file must not keep the others from what they need.
        LOG.warn("cannot tell container {} of a change", reader.containerId(), e);
      }
    }
  }

  private static void lines(List<String> lines, Lease lease) {
    if (!lease.names().isEmpty()) {
      lease.addresses().forEach(a -> lines.add(a + "\t" + String.join(" ", lease.names())));
    }
  }

  private Path hosts(Lease lease) {
    return containers.resolve(lease.containerId()).resolve(NetworkClient.HOSTS);
  }

  /** Lets go of the networks that this kept up. Idempotent. */
  @Override
  public void close() {
    spare.close();
    RuncibleException failure = null;
    for (String name : List.copyOf(kept.keySet())) {
      try {
        change(name, table -> table.withoutEngine(self));
        Journal.Entry entry = kept.remove(name);
        if (entry != null) {
          entry.done();
        }
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
}
