package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NetworkNamespace;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.state.Journal;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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

  private final PrivilegedHost host;
  private final NetworkFiles files;
  private final LeaseHolders holders;
  private final NetworkRecords records;
  private final NetworkMembers members;
  private final PortPublisher publisher;
  private final CniNetworks plugins;
  private final SpareNamespace spare;
  private final Optional<SharedNetwork> shared;
  private final BridgePlace place;

  private BridgeNetworks(
      PrivilegedHost host, Path root, Path state, Path containers, Path journals) {
    this.host = host;
    NetworkFiles files = new NetworkFiles(root);
    KeptNetworks kept = new KeptNetworks();
    this.holders = new LeaseHolders(containers, journals);
    this.shared =
        host.rootless()
            ? Optional.of(new SharedNetwork(host, state, containers))
            : Optional.empty();
    this.place = shared.<BridgePlace>map(one -> one).orElseGet(HostBridges::new);
    this.files = files;
    this.records = new NetworkRecords(root, files, holders, kept, place);
    this.publisher = new PortPublisher(files, holders);
    this.members = new NetworkMembers(host, files, holders, records, kept, publisher, place);
    this.plugins = new CniNetworks(host, root.resolveSibling("cni"));
    this.spare = new SpareNamespace(host);
  }

  /**
   * The networks of a store.
   *
   * @param host where privileged work happens
   * @param root the directory of their records; made when there is one
   * @param state a directory for what an ordinary user's networks are made of; gone after a restart
   *     of the machine
   * @param containers the directory with one directory for each container, in which {@code
   *     container.json} has the container's token
   * @param journals the directory of the journals of all engines
   */
  public static BridgeNetworks open(
      PrivilegedHost host, Path root, Path state, Path containers, Path journals) {
    return new BridgeNetworks(host, root, state, containers, journals);
  }

  /**
   * What this host has for bridge networks, for a person to read.
   *
   * @throws RuncibleException UNSUPPORTED with what is missing, and how to get it
   */
  public static String describe(PrivilegedHost host) {
    Nft.require();
    if (!host.rootless()) {
      return "of the host";
    }
    BridgeProbe.run(host);
    return "in a namespace of the user, " + wayOut();
  }

  private static String wayOut() {
    try {
      return "with a way out by " + UserNetworkProgram.find(SharedNetwork.WAY_OUT);
    } catch (RuncibleException e) {
      return "without a way out: " + e.getMessage();
    }
  }

  /**
   * What an engine does when it opens: gives back what containers and engines have that are not
   * there, as after a power cut.
   */
  public void reclaim() {
    members.reclaim();
    plugins.reclaim(holders::isGone);
  }

  /** Undoes what an engine left that kept a network up. */
  public void undo(Map<String, String> facts) {
    members.withoutEngine(KeptNetworks.name(facts), KeptNetworks.engine(facts));
  }

  /**
   * Makes a network. Nothing of the host changes before a container uses it.
   *
   * @throws RuncibleException ALREADY_EXISTS if there is one of this name, FAILED_PRECONDITION if a
   *     subnet collides with a route or an address of the host or with another network
   */
  public NetworkInfo create(NetworkSpec spec) {
    return records.create(spec);
  }

  /** A network by its name. */
  public Optional<NetworkInfo> find(String name) {
    return records.find(name);
  }

  /** All networks, by name. */
  public List<NetworkInfo> list() {
    return records.list();
  }

  /**
   * Removes a network.
   *
   * @return false if there is none of this name
   * @throws RuncibleException FAILED_PRECONDITION if a container is on it
   */
  public boolean remove(String name) {
    return records.remove(name);
  }

  /** Removes the networks that no container is on; returns their names. */
  public List<String> prune() {
    return records.prune();
  }

  /**
   * Makes the network namespace of a container that has not been started, and puts it on networks.
   * A failure leaves what {@link #release} and an unmount of the namespace's file take away.
   *
   * @param journal of the engine
   * @param networks the first one with a way out is the way to the rest of the world
   */
  public void attach(Journal journal, NetworkClient client, List<Network> networks) {
    shared.ifPresent(one -> SharedNetwork.mark(client.directory()));
    try (NetworkNamespace namespace = namespace(client.namespace())) {
      members.attach(journal, client, namespace, networks);
    }
  }

  /** The file is there if the namespace was made with a user namespace. */
  private NetworkNamespace namespace(Path pin) {
    if (Files.exists(pin)) {
      return host.prepareNetworkNamespace(pin);
    }
    if (host.rootless()) {
      return host.createNetworkNamespace(pin);
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
    if (!host.rootless()) {
      spare.fill();
    }
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
    members.connect(journal, client, network);
  }

  /**
   * Takes a container off a network, also while it runs.
   *
   * @throws RuncibleException NOT_FOUND if it is not on it
   */
  public void disconnect(NetworkClient client, String name) {
    members.disconnect(client, name);
  }

  /** Gives back what a container has, on all networks; no error if that is nothing. */
  public void release(String token) {
    plugins.release(token);
    members.release(token);
  }

  /**
   * The same, and lets go of the container's namespace. That comes last: while the kernel takes a
   * namespace away, every change of a device waits for it.
   *
   * @param namespace the file that keeps it, from {@link #attach}
   */
  public void release(String token, Path namespace) {
    plugins.release(token);
    members.release(token, namespace);
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
    return publisher.publish(token, bindings);
  }

  /** The containers that ports are published of, by token, with their ids. */
  public Map<String, String> publishing() {
    return publisher.publishing();
  }

  /** Publishes nothing of a container any more, which does not run and goes on having its place. */
  public void unpublish(String token) {
    publisher.unpublish(token);
  }

  /** Whether a directory is that of an ordinary user's container that is made for bridges. */
  public static boolean isShared(Path directory) {
    return Files.exists(directory.resolve(SharedNetwork.MARK));
  }

  /**
   * What keeps the networks of an ordinary user, as long as anybody has it open; owned by this.
   *
   * @throws RuncibleException FAILED_PRECONDITION for root, whose networks nobody has to keep
   */
  public FileDescriptor lifeline() {
    SharedNetwork kept =
        shared.orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.FAILED_PRECONDITION, "root's networks are those of the host"));
    return files.locked(kept::lifeline);
  }

  /** The addresses of a container, network by network. */
  public List<InetAddress> addresses(String token) {
    List<InetAddress> addresses = new ArrayList<>(plugins.addresses(token));
    addresses.addAll(members.addresses(token));
    return addresses;
  }

  /** Lets go of the networks that this kept up. Idempotent. */
  @Override
  public void close() {
    spare.close();
    try {
      members.letGo();
    } finally {
      closePlace();
    }
  }

  /** Another thread may be at work there. */
  private void closePlace() {
    if (shared.filter(SharedNetwork::isOpen).isPresent()) {
      try {
        files.locked(place::close);
      } finally {
        place.close();
      }
    }
  }
}
