package io.runcible.junit;

import io.runcible.engine.Container;
import io.runcible.junit.RunContainer.Scope;
import io.runcible.junit.ServiceConnection.Kind;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.platform.commons.support.AnnotationSupport;
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

  private final List<Field> fields;
  private final List<Object> key = new ArrayList<>();

  SpringContainers(Class<?> testClass, List<Field> fields) {
    this.fields = fields;
    for (Field field : fields) {
      Optional<Object> ofRun = ofRun(field);
      key.add(ofRun.isPresent() ? ofRun.get() : testClass);
      key.add(ofRun.isPresent() ? field.getName() : field);
    }
  }

  /** What is one container for the whole run, wherever it is said; empty if this is not. */
  private static Optional<Object> ofRun(Field field) {
    Optional<RunContainer> wanted = AnnotationSupport.findAnnotation(field, RunContainer.class);
    return wanted.isPresent()
        ? wanted.filter(one -> one.scope() == Scope.RUN).map(Object.class::cast)
        : Optional.ofNullable(value(field))
            .filter(one -> one instanceof AbstractContainerExtension<?> preset && preset.isOfRun());
  }

  @Override
  public void customizeContext(
      ConfigurableApplicationContext context, MergedContextConfiguration configuration) {
    @Nullable String chosen = context.getEnvironment().getProperty(CHOSEN);
    List<String> names =
        chosen == null ? List.of() : Arrays.stream(chosen.split(",")).map(String::strip).toList();
    Map<Kind, String> known = new EnumMap<>(Kind.class);
    for (Field field : fields) {
      if (chosen == null || names.contains(field.getName())) {
        connection(field).ifPresent(found -> register(context, field.getName(), found, known));
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

  private static Optional<ServiceConnection> connection(Field field) {
    Object value = value(field);
    if (value instanceof AbstractContainerExtension<?> extension) {
      return extension.connection();
    }
    if (value instanceof Container container) {
      return KnownImages.connection(container);
    }
    throw new IllegalStateException(
        "the container of "
            + field
            + " has not been started when Spring makes its context: with one test instance for the"
            + " class, that is before containers start");
  }

  private static @Nullable Object value(Field field) {
    try {
      field.setAccessible(true);
      return field.get(null);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException("cannot read " + field, e);
    }
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
