package io.runcible.network;

import java.nio.file.Path;
import java.util.List;

/**
 * A container, as its networks see it.
 *
 * @param id its id
 * @param token what tells it from another container of that id
 * @param directory its files: the namespace is kept by {@link #NAMESPACE} in it, and names are
 *     written to {@link #HOSTS}
 * @param names what it is called on every network
 * @param gatewayNames what it calls the host
 * @param ownWayOut whether something else than these networks is its way out
 */
public record NetworkClient(
    String id,
    String token,
    Path directory,
    List<String> names,
    List<String> gatewayNames,
    boolean ownWayOut) {
  /** The file in a container's directory that keeps its network namespace. */
  public static final String NAMESPACE = "netns";

  /** Files in a container's directory, any of which says that its process has ended. */
  public static final List<String> ENDED = List.of("exit", "exit.new");

  /** The file in a container's directory that it has as {@code /etc/hosts}. */
  public static final String HOSTS = "hosts";

  /** Copies the lists. */
  public NetworkClient {
    names = List.copyOf(names);
    gatewayNames = List.copyOf(gatewayNames);
  }

  NetworkClient withoutGatewayNames() {
    return new NetworkClient(id, token, directory, names, List.of(), ownWayOut);
  }

  Path namespace() {
    return directory.resolve(NAMESPACE);
  }
}
