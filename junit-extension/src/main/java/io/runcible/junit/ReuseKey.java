package io.runcible.junit;

import io.runcible.engine.ContainerSpec;
import io.runcible.network.Network;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What containers have to have in common for test JVMs to share one. */
final class ReuseKey {
  private ReuseKey() {}

  /** Of a service that a test declares in code. */
  static String of(String key, Class<?> service, ContainerSpec spec) {
    return key
        + "\n"
        + text(
            List.of(
                service.getName(),
                spec.image(),
                spec.entrypoint(),
                spec.command(),
                spec.environment(),
                spec.user(),
                spec.ports(),
                spec.networks().stream().map(ReuseKey::parts).toList(),
                spec.mounts()));
  }

  private static List<Object> parts(Network network) {
    return List.of(network, network.aliases());
  }

  /** With what the files hold, and what the state depends on, in this JVM. */
  static String withContent(String key, List<ClassPathFile> files, Optional<PrimedState> state) {
    List<Object> content = new ArrayList<>();
    for (ClassPathFile file : files) {
      content.add(List.of(file.destination(), file.digest()));
    }
    state.ifPresent(primed -> content.add(primed.inputs()));
    return key + "\n" + text(content);
  }

  /** A value with lengths, so that no text looks like several, and maps in one order. */
  static String text(Object value) {
    if (value instanceof Object[] several) {
      return text(List.of(several));
    }
    if (value instanceof Map<?, ?> map) {
      return text(new ArrayList<>(new TreeMap<>(map).entrySet()));
    }
    if (value instanceof Map.Entry<?, ?> entry) {
      return text(List.of(entry.getKey(), entry.getValue()));
    }
    if (value instanceof Optional<?> optional) {
      return text(optional.stream().toList());
    }
    if (value instanceof Collection<?> several) {
      return several.stream().map(ReuseKey::text).toList().toString();
    }
    String text = value.toString();
    return text.length() + ":" + text;
  }
}
