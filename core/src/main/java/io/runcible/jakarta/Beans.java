package io.runcible.jakarta;

import java.util.List;
import java.util.stream.Stream;

/** The classes that a CDI container is told of. Nothing else in the library is a bean. */
final class Beans {
  private static final List<Class<?>> ALWAYS =
      List.of(
          EngineProducer.class,
          ContainerProducer.class,
          ApplicationContainers.class,
          RequestContainers.class,
          SandboxProducer.class);

  private Beans() {}

  /** Not the classes themselves: some need what may be absent. */
  static List<String> names() {
    Stream<String> health =
        isPresent("org.eclipse.microprofile.health.HealthCheck")
            ? Stream.of("io.runcible.jakarta.EngineReadiness")
            : Stream.empty();
    return Stream.concat(ALWAYS.stream().map(Class::getName), health).toList();
  }

  static boolean isPresent(String type) {
    try {
      Class.forName(type, false, Beans.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException | LinkageError e) {
      return false;
    }
  }
}
