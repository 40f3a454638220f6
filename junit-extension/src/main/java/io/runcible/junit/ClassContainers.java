package io.runcible.junit;

import io.runcible.engine.Container;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The containers that a test class is annotated with, for who knows no more than the class. */
final class ClassContainers {
  private static final Map<Key, Container> CONTAINERS = new ConcurrentHashMap<>();

  private ClassContainers() {}

  private record Key(Class<?> type, String name) {}

  /** Until the class has been tested. */
  static void put(ExtensionContext ofClass, String name, Container container) {
    Key key = new Key(ofClass.getRequiredTestClass(), name);
    CONTAINERS.put(key, container);
    AutoCloseable forget = () -> CONTAINERS.remove(key, container);
    ofClass.getStore(TestRun.NAMESPACE).put(new Object(), forget);
  }

  static Optional<Container> find(Class<?> type, String name) {
    return Optional.ofNullable(CONTAINERS.get(new Key(type, name)));
  }
}
