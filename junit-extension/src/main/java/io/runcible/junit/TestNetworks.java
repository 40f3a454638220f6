package io.runcible.junit;

import io.runcible.engine.ContainerEngine;
import io.runcible.network.Network;
import io.runcible.network.NetworkInfo;
import io.runcible.network.NetworkSpec;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Store;

/** The networks that the tests of a run make for themselves. */
final class TestNetworks extends OwnResources {
  private static final Set<String> NOT_OURS = Set.of("none", "host", "user", "bridge");

  TestNetworks(TestRun run) {
    super(run);
  }

  /** Fails for a container of all JVMs: each has networks of its own behind the same names. */
  static void requireNone(String container, String key, Collection<String> networks) {
    for (String name : networks) {
      if (isOfTests(name)) {
        throw new ExtensionConfigurationException(
            "the container '"
                + container
                + "' is shared with other JVMs by the key '"
                + key
                + "', and the network '"
                + name
                + "' is of this one: leave one of both out");
      }
    }
  }

  private static boolean isOfTests(String name) {
    return !NOT_OURS.contains(name) && !name.startsWith("container:");
  }

  /** The key of a network in a store. */
  private record Key(String name) {}

  /**
   * The network of a name: that of the context or one around it, otherwise one that is made and
   * lives as long as the context.
   */
  Network network(ExtensionContext context, String name) {
    return holder(context, name)
        .map(Holder::network)
        .orElseGet(() -> network(context.getStore(TestRun.NAMESPACE), name));
  }

  /** That of a store, otherwise one that is made and lives as long as that. */
  Network network(Store store, String name) {
    if (!isOfTests(name)) {
      return Network.parse(name);
    }
    Network unused = Network.named(name); // fails for what is no name
    return store
        .getOrComputeIfAbsent(new Key(name), key -> new Holder(name), Holder.class)
        .network();
  }

  private Optional<Holder> holder(ExtensionContext context, String name) {
    Holder near = context.getStore(TestRun.NAMESPACE).get(new Key(name), Holder.class);
    return near != null
        ? Optional.of(near)
        : Optional.ofNullable(TestRun.store(context).get(new Key(name), Holder.class));
  }

  /** One that a container was put on. */
  Network known(ExtensionContext context, String name) {
    return holder(context, name)
        .map(Holder::network)
        .orElseThrow(
            () ->
                new ExtensionConfigurationException(
                    "no container of these tests was put on a network '" + name + "' before"));
  }

  /** Makes the network at the first use, outside of the store. */
  private final class Holder implements AutoCloseable {
    private final String name;
    private @Nullable Network network;

    Holder(String name) {
      this.name = name;
    }

    synchronized Network network() {
      Network known = network;
      if (known == null) {
        String full = name + "-" + Placeholders.random();
        run.engine()
            .networks()
            .create(NetworkSpec.builder(full).label(RunOwner.LABEL, RunOwner.ofThisJvm()).build());
        made(full);
        known = Network.named(full);
        network = known;
      }
      return known;
    }

    @Override
    public synchronized void close() {
      if (network != null) {
        remove(network.name());
      }
    }
  }

  @Override
  void delete(ContainerEngine engine, String name) {
    engine.networks().remove(name);
  }

  @Override
  Map<String, Map<String, String>> labels(ContainerEngine engine) {
    return engine.networks().list().stream()
        .collect(Collectors.toMap(NetworkInfo::name, NetworkInfo::labels));
  }
}
