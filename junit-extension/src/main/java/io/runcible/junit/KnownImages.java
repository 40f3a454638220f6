package io.runcible.junit;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerSpec;
import io.runcible.junit.ServiceConnection.Kind;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.WeakHashMap;

/**
 * What the containers of tests were made from, and how one with a well-known image is reached: told
 * by the last part of the image's name, and by the variables that such images take.
 */
final class KnownImages {
  private static final Map<Container, ContainerSpec> SPECS =
      Collections.synchronizedMap(new WeakHashMap<>());

  private final Container container;
  private final Map<String, String> variables;

  private KnownImages(Container container, Map<String, String> variables) {
    this.container = container;
    this.variables = variables;
  }

  /**
   * A container has started.
   *
   * @param spec with the image that was asked for, not the one that was primed
   */
  static void started(Container container, ContainerSpec spec) {
    SPECS.put(container, spec);
  }

  /** Empty for an image that is not well known, or a service that publishes no port. */
  static Optional<ServiceConnection> connection(Container container) {
    ContainerSpec spec = SPECS.get(container);
    if (spec == null) {
      return Optional.empty();
    }
    String image = AnnotatedContainer.lastPart(spec.image().toString()).toLowerCase(Locale.ROOT);
    try {
      return new KnownImages(container, spec.environment()).connection(image);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private Optional<ServiceConnection> connection(String image) {
    return switch (image) {
      case "postgres", "postgresql", "postgis", "pgvector", "timescaledb" ->
          Optional.of(postgres());
      case "mysql" -> Optional.of(mySql("mysql", "MYSQL"));
      case "mariadb" -> Optional.of(mySql("mariadb", "MARIADB"));
      case "redis", "valkey" ->
          Optional.of(new ServiceConnection(Kind.REDIS, "redis://" + address(6379), "", ""));
      case "mongo", "mongodb" -> Optional.of(mongo());
      case "kafka", "kafka-native", "cp-kafka" ->
          Optional.of(new ServiceConnection(Kind.KAFKA, address(9092), "", ""));
      case "rabbitmq" ->
          Optional.of(
              new ServiceConnection(
                  Kind.RABBITMQ,
                  "amqp://" + address(5672),
                  variable("RABBITMQ_DEFAULT_USER", "guest"),
                  variable("RABBITMQ_DEFAULT_PASS", "guest")));
      default -> Optional.empty();
    };
  }

  private ServiceConnection postgres() {
    String user = variable("POSTGRES_USER", "postgres");
    return new ServiceConnection(
        Kind.JDBC,
        "jdbc:postgresql://" + address(5432) + "/" + variable("POSTGRES_DB", user),
        user,
        variable("POSTGRES_PASSWORD", ""));
  }

  private ServiceConnection mySql(String scheme, String prefix) {
    boolean own = variables.containsKey(prefix + "_USER");
    return new ServiceConnection(
        Kind.JDBC,
        "jdbc:" + scheme + "://" + address(3306) + "/" + variable(prefix + "_DATABASE", ""),
        variable(prefix + "_USER", "root"),
        variable(prefix + (own ? "_PASSWORD" : "_ROOT_PASSWORD"), ""));
  }

  private ServiceConnection mongo() {
    String user = variable("MONGO_INITDB_ROOT_USERNAME", "");
    String password = variable("MONGO_INITDB_ROOT_PASSWORD", "");
    String database = variable("MONGO_INITDB_DATABASE", "test");
    String url =
        user.isEmpty()
            ? "mongodb://" + address(27017) + "/" + database
            : "mongodb://"
                + encoded(user)
                + ":"
                + encoded(password)
                + "@"
                + address(27017)
                + "/"
                + database
                + "?authSource=admin";
    return new ServiceConnection(Kind.MONGODB, url, user, password);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private String variable(String name, String otherwise) {
    return variables.getOrDefault(name, otherwise);
  }

  private String address(int port) {
    return HostAddresses.text(container.hostAddress(port));
  }
}
