package io.runcible.junit;

import io.runcible.junit.ServiceConnection.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.MergedContextConfiguration;

/**
 * Gives an application context a bean for each service in a container. Two are equal, and their
 * tests share a context, if the containers are the same whenever they run: those of one class, or
 * of the whole run.
 */
final class SpringContainers implements ContextCustomizer {
  private static final String CHOSEN = "runcible.connections";

  private final List<SpringService> services;
  private final List<Object> key = new ArrayList<>();

  SpringContainers(Class<?> testClass, List<SpringService> services) {
    this.services = services;
    for (SpringService service : services) {
      boolean ofRun = service.ofRun().isPresent();
      key.add(ofRun ? service.ofRun() : testClass);
      key.add(ofRun ? service.name() : service.place());
    }
  }

  @Override
  public void customizeContext(
      ConfigurableApplicationContext context, MergedContextConfiguration configuration) {
    @Nullable String chosen = context.getEnvironment().getProperty(CHOSEN);
    List<String> names =
        chosen == null ? List.of() : Arrays.stream(chosen.split(",")).map(String::strip).toList();
    Map<Kind, String> known = new EnumMap<>(Kind.class);
    for (SpringService service : services) {
      if (chosen == null || names.contains(service.name())) {
        service.connection().ifPresent(found -> register(context, service.name(), found, known));
      }
    }
  }

  private static void register(
      ConfigurableApplicationContext context,
      String name,
      ServiceConnection connection,
      Map<Kind, String> known) {
    String other = known.putIfAbsent(connection.kind(), name);
    if (other != null) {
      throw new IllegalStateException(
          "the containers '"
              + other
              + "' and '"
              + name
              + "' both are a "
              + connection.kind()
              + " service: say which Spring is to use, as the property "
              + CHOSEN
              + ", names separated by commas");
    }
    ClassLoader loader = context.getClassLoader();
    ConnectionDetails.type(connection.kind(), loader)
        .ifPresent(type -> register(context, name, type, connection));
  }

  private static <T> void register(
      ConfigurableApplicationContext context,
      String name,
      Class<T> type,
      ServiceConnection connection) {
    BeanDefinitionRegistry registry = (BeanDefinitionRegistry) context.getBeanFactory();
    registry.registerBeanDefinition(
        "runcible." + name,
        new RootBeanDefinition(type, () -> ConnectionDetails.of(type, connection)));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SpringContainers containers && containers.key.equals(key);
  }

  @Override
  public int hashCode() {
    return key.hashCode();
  }
}
