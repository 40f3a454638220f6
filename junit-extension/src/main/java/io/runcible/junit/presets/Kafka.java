package io.runcible.junit.presets;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.AbstractContainerExtension;
import io.runcible.junit.ServiceConnection;
import io.runcible.junit.ServiceConnection.Kind;
import io.runcible.network.Network;
import io.runcible.network.PortBinding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/**
 * A Kafka broker that is its own controller. The image takes {@code KAFKA_} variables for the
 * settings of the broker. What it tells clients of itself has the port of the host in it, so that
 * is chosen here, before the start. Clients in other containers of a network use {@link
 * #networkBootstrapServers}, for which it has aliases on one network at most. It is ready when it
 * says which versions of the protocol it speaks.
 */
public final class Kafka extends AbstractContainerExtension<Kafka> {
  private static final int PORT = 9092;
  private static final int NETWORK_PORT = 9095;
  private static final String NETWORK = "NETWORK://";
  private static final String LISTENERS = "KAFKA_LISTENERS";
  private static final String ADVERTISED = "KAFKA_ADVERTISED_LISTENERS";
  private static final String PROTOCOLS = "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP";

  /** Two programs start, for 15 seconds of a slow processor's time that other tests want too. */
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private final String image;

  private Kafka(String image) {
    super("kafka");
    this.image = image;
  }

  /** One broker, without encryption. */
  public static Kafka of(String image) {
    return new Kafka(image);
  }

  @Override
  protected ContainerSpec spec(ContainerEngine engine) {
    int hostPort = freePort();
    return ContainerSpec.builder(image)
        .environment("KAFKA_NODE_ID", "1")
        .environment("KAFKA_PROCESS_ROLES", "broker,controller")
        .environment("KAFKA_CONTROLLER_QUORUM_VOTERS", "1@localhost:9093")
        .environment("KAFKA_CONTROLLER_LISTENER_NAMES", "CONTROLLER")
        .environment(LISTENERS, "HOST://:9092,CONTROLLER://:9093,INTERNAL://:9094")
        .environment(ADVERTISED, "HOST://127.0.0.1:" + hostPort + ",INTERNAL://localhost:9094")
        .environment(PROTOCOLS, "HOST:PLAINTEXT,CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT")
        .environment("KAFKA_INTER_BROKER_LISTENER_NAME", "INTERNAL")
        .environment("KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", "1")
        .environment("KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "1")
        .environment("KAFKA_TRANSACTION_STATE_LOG_MIN_ISR", "1")
        .environment("KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", "0")
        .publish(PortBinding.tcp(PORT).withHostPort(hostPort))
        .build();
  }

  /** A broker tells each client the address of the listener that this came to. */
  @Override
  protected ContainerSpec complete(ContainerSpec spec) {
    return alias(spec).map(alias -> withListener(spec, alias)).orElse(spec);
  }

  /** The listener has one address, which clients on another network would not find. */
  private static Optional<String> alias(ContainerSpec spec) {
    List<Network> named =
        spec.networks().stream().filter(network -> !network.aliases().isEmpty()).toList();
    if (named.size() > 1) {
      throw new ExtensionConfigurationException(
          "a Kafka tells its clients one address: it can have aliases on one network, not on "
              + named);
    }
    return named.stream().map(network -> network.aliases().get(0)).findFirst();
  }

  private static ContainerSpec withListener(ContainerSpec spec, String alias) {
    ContainerSpec.Builder builder = spec.toBuilder();
    Map.of(
            LISTENERS, NETWORK + ":" + NETWORK_PORT,
            ADVERTISED, NETWORK + alias + ":" + NETWORK_PORT,
            PROTOCOLS, "NETWORK:PLAINTEXT")
        .forEach(
            (name, one) -> builder.environment(name, spec.environment().get(name) + "," + one));
    return builder.build();
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException("there is no free port", e);
    }
  }

  /** An ApiVersions request, and an answer to it. */
  @Override
  protected Optional<Ready> defaultReady(ContainerSpec spec) {
    return Optional.of(
        Ready.onAnswer(
                PORT, "\0\0\0\12\0\22\0\0\0\0\0\1\0\0", "(?s)^....\\x00\\x00\\x00\\x01\\x00\\x00")
            .within(LIMIT));
  }

  @Override
  protected Optional<ServiceConnection> connection() {
    return Optional.of(new ServiceConnection(Kind.KAFKA, bootstrapServers(), "", ""));
  }

  /** {@code host:port}, for {@code bootstrap.servers} of clients on this host. */
  public String bootstrapServers() {
    return address(PORT);
  }

  /**
   * The same for clients in other containers of its network: its first alias there, with port 9095.
   *
   * @throws IllegalStateException if it has no alias: {@link #network} gives it one
   */
  public String networkBootstrapServers() {
    String told = container().inspect().setup().environment().getOrDefault(ADVERTISED, "") + ",";
    int begin = told.indexOf(NETWORK);
    if (begin < 0) {
      throw new IllegalStateException("the broker has no alias on a network");
    }
    return told.substring(begin + NETWORK.length(), told.indexOf(',', begin));
  }
}
