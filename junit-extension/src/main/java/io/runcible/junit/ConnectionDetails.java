package io.runcible.junit;

import io.runcible.junit.ServiceConnection.Kind;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Connection details of Spring Boot, which are interfaces of the same methods under other names in
 * each of its lines. What is not known here is what the interface says by default.
 */
final class ConnectionDetails implements InvocationHandler {
  private static final String BOOT = "org.springframework.boot.";
  private static final String OLD = BOOT + "autoconfigure.";

  /** Of Spring Boot 4 first, which split a jar, and then of 3. */
  private static final Map<Kind, List<String>> TYPES =
      new EnumMap<>(
          Map.of(
              Kind.JDBC,
              List.of(
                  BOOT + "jdbc.autoconfigure.JdbcConnectionDetails",
                  OLD + "jdbc.JdbcConnectionDetails"),
              Kind.REDIS,
              List.of(
                  BOOT + "data.redis.autoconfigure.DataRedisConnectionDetails",
                  OLD + "data.redis.RedisConnectionDetails"),
              Kind.MONGODB,
              List.of(
                  BOOT + "mongodb.autoconfigure.MongoConnectionDetails",
                  OLD + "mongo.MongoConnectionDetails"),
              Kind.KAFKA,
              List.of(
                  BOOT + "kafka.autoconfigure.KafkaConnectionDetails",
                  OLD + "kafka.KafkaConnectionDetails"),
              Kind.RABBITMQ,
              List.of(
                  BOOT + "amqp.autoconfigure.RabbitConnectionDetails",
                  OLD + "amqp.RabbitConnectionDetails")));

  private final ServiceConnection connection;

  private ConnectionDetails(ServiceConnection connection) {
    this.connection = connection;
  }

  static boolean isPresent(String type, @Nullable ClassLoader loader) {
    return find(type, loader).isPresent();
  }

  private static Optional<Class<?>> find(String type, @Nullable ClassLoader loader) {
    try {
      return Optional.of(Class.forName(type, false, loader));
    } catch (ClassNotFoundException | LinkageError e) {
      return Optional.empty();
    }
  }

  /** The interface of a kind; empty if the application has none, and so no client. */
  static Optional<Class<?>> type(Kind kind, @Nullable ClassLoader loader) {
    return TYPES.getOrDefault(kind, List.of()).stream()
        .flatMap(name -> find(name, loader).stream())
        .findFirst();
  }

  static <T> T of(Class<T> type, ServiceConnection connection) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(), new Class<?>[] {type}, new ConnectionDetails(connection)));
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
      throws Throwable {
    return switch (method.getName()) {
      case "getJdbcUrl" -> connection.url();
      case "getUsername" -> textOrNull(connection.user());
      case "getPassword" -> textOrNull(connection.password());
      case "getBootstrapServers" -> List.of(connection.url().split(","));
      case "getConnectionString" ->
          method.getReturnType().getConstructor(String.class).newInstance(connection.url());
      case "getStandalone" -> of(method.getReturnType(), connection);
      case "getHost" -> address().getHost();
      case "getPort" -> address().getPort();
      case "getAddresses" -> List.of(addressOf(method));
      case "equals" -> proxy == (arguments == null ? null : arguments[0]);
      case "hashCode" -> System.identityHashCode(proxy);
      case "toString" -> connection.toString();
      default -> InvocationHandler.invokeDefault(proxy, method, arguments);
    };
  }

  private URI address() {
    return URI.create(connection.url());
  }

  private static @Nullable String textOrNull(String text) {
    return text.isEmpty() ? null : text;
  }

  /** A record of host and port, in a list. */
  private Object addressOf(Method method) throws ReflectiveOperationException {
    ParameterizedType list = (ParameterizedType) method.getGenericReturnType();
    Class<?> type = (Class<?>) list.getActualTypeArguments()[0];
    return type.getConstructor(String.class, int.class)
        .newInstance(address().getHost(), address().getPort());
  }
}
