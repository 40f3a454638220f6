package io.runcible.jakarta;

import io.runcible.engine.Container;
import io.runcible.network.PortBinding;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The addresses of named containers as settings of one application. Those who read settings find
 * them by the class loader of the application, of which nothing is kept here.
 */
final class PublishedPorts {
  private static final String PREFIX = "runcible.container.";

  private static final Map<ClassLoader, Map<String, String>> APPLICATIONS =
      Collections.synchronizedMap(new WeakHashMap<>());

  private final Map<String, String> values;

  private PublishedPorts(Map<String, String> values) {
    this.values = values;
  }

  /** Of the application that this thread works for. */
  static PublishedPorts ofApplication() {
    ClassLoader loader = Thread.currentThread().getContextClassLoader();
    return of(loader != null ? loader : PublishedPorts.class.getClassLoader());
  }

  static PublishedPorts of(ClassLoader loader) {
    return new PublishedPorts(
        APPLICATIONS.computeIfAbsent(
            Objects.requireNonNull(loader), application -> new ConcurrentHashMap<>()));
  }

  void add(String name, Container container) {
    String prefix = PREFIX + name + ".";
    values.put(prefix + "id", container.id());
    for (PortBinding port : container.ports()) {
      String key = String.valueOf(port.containerPort());
      if (port.protocol() == PortBinding.Protocol.UDP) {
        values.put(prefix + "port." + key + ".udp", String.valueOf(port.hostPort()));
        continue;
      }
      InetSocketAddress address = container.hostAddress(port.containerPort());
      String host = host(address.getAddress());
      values.put(prefix + "port." + key, String.valueOf(address.getPort()));
      values.put(prefix + "host." + key, address.getAddress().getHostAddress());
      values.put(prefix + "url." + key, "http://" + host + ":" + address.getPort());
    }
  }

  /** As it stands in a URL. */
  private static String host(InetAddress address) {
    String text = address.getHostAddress();
    return text.indexOf(':') < 0 ? text : "[" + text + "]";
  }

  void remove(String name) {
    values.keySet().removeIf(key -> key.startsWith(PREFIX + name + "."));
  }

  /** By their keys; changes as containers come and go. */
  Map<String, String> values() {
    return Collections.unmodifiableMap(values);
  }
}
