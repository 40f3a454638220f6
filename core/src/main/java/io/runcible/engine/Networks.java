package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.Network;
import io.runcible.network.NetworkInfo;
import io.runcible.network.NetworkSpec;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The bridge networks of an engine's directories, which all engines on them share; a {@linkplain
 * Network#cni CNI network} is in its configuration instead. Thread-safe. They need {@code nft}, and
 * those of an ordinary user, for a way out, pasta or slirp4netns: {@link Capabilities} has them as
 * {@code bridge-networks}.
 */
public final class Networks {
  private final EngineParts parts;

  Networks(EngineParts parts) {
    this.parts = parts;
  }

  /**
   * Makes a network. It stays, also over a reboot, until it is removed; nothing of the host changes
   * before a container uses it.
   *
   * @throws RuncibleException ALREADY_EXISTS if there is one of this name; FAILED_PRECONDITION if a
   *     subnet collides with a route or an address of the host or with another network, with both
   *     in the message
   */
  public NetworkInfo create(NetworkSpec spec) {
    NetworkInfo made = parts.networks().create(spec);
    parts.tasks().publish(new EngineEvent.NetworkCreated(Instant.now(), made.name()));
    return made;
  }

  /** A network by its name. The default one is there once it was used. */
  public Optional<NetworkInfo> find(String name) {
    return parts.networks().find(name);
  }

  /** All networks, by name. */
  public List<NetworkInfo> list() {
    return parts.networks().list();
  }

  /**
   * Removes a network.
   *
   * @return false if there is none of this name
   * @throws RuncibleException FAILED_PRECONDITION if a container is on it, running or not
   */
  public boolean remove(String name) {
    boolean known = parts.networks().remove(name);
    if (known) {
      removed(name);
    }
    return known;
  }

  private void removed(String name) {
    parts.tasks().publish(new EngineEvent.NetworkRemoved(Instant.now(), name));
  }

  /** Removes the networks that no container is on; returns their names. */
  public List<String> prune() {
    List<String> names = parts.networks().prune();
    names.forEach(this::removed);
    return names;
  }

  /**
   * Puts a container on one more network, also while it runs.
   *
   * @param network its name, with the names and the address of the container there
   * @throws RuncibleException NOT_FOUND if there is no such network, ALREADY_EXISTS if the
   *     container is on it or its address is taken, FAILED_PRECONDITION if the container was not
   *     made with a bridge network
   */
  public void connect(Container container, Network network) {
    if (network.kind() != Network.Kind.BRIDGE) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "a container cannot be connected to '" + network + "', which is no bridge network");
    }
    parts.networks().connect(parts.journal(), container.networkClient(), network);
    container.publish(
        new EngineEvent.NetworkConnected(Instant.now(), network.name(), container.id()));
  }

  /**
   * Asks the plugins of a CNI network whether what they have made for a container is still there.
   *
   * @throws RuncibleException UNAVAILABLE with what a plugin misses, FAILED_PRECONDITION if the
   *     container is on no such network, UNSUPPORTED if the version of its configuration, before
   *     0.4.0, has no such question, or it is switched off
   */
  public void check(Container container) {
    parts.networks().check(container.networkClient().token());
  }

  /**
   * Takes a container off a network, also while it runs. Its connections there break.
   *
   * @throws RuncibleException NOT_FOUND if it is not on it
   */
  public void disconnect(Container container, String network) {
    parts.networks().disconnect(container.networkClient(), network);
    container.publish(new EngineEvent.NetworkDisconnected(Instant.now(), network, container.id()));
  }
}
