package io.runcible.junit;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.springframework.test.context.ContextConfigurationAttributes;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.ContextCustomizerFactory;

/**
 * Tells Spring Boot of the containers that a test class, its superclasses and the classes around it
 * have in static fields, or are annotated with. Found by Spring's test framework in {@code
 * META-INF/spring.factories}.
 */
final class SpringContainersFactory implements ContextCustomizerFactory {
  private static final String BOOT =
      "org.springframework.boot.autoconfigure.service.connection.ConnectionDetails";

  SpringContainersFactory() {}

  @Override
  public @Nullable ContextCustomizer createContextCustomizer(
      Class<?> testClass, List<ContextConfigurationAttributes> attributes) {
    if (!ConnectionDetails.isPresent(BOOT, testClass.getClassLoader())) {
      return null;
    }
    Predicate<Field> isStatic = field -> Modifier.isStatic(field.getModifiers());
    Predicate<Field> isPreset =
        isStatic.and(field -> AbstractContainerExtension.class.isAssignableFrom(field.getType()));
    Set<Field> fields = new LinkedHashSet<>();
    List<SpringService> services = new ArrayList<>();
    Class<?> outermost = testClass;
    for (Class<?> type = testClass; type != null; type = outer(type)) {
      outermost = type;
      fields.addAll(find(type, RunContainer.class, isStatic));
      fields.addAll(find(type, RegisterExtension.class, isPreset));
      services.addAll(SpringService.of(type));
    }
    fields.forEach(field -> services.add(SpringService.of(field)));
    return services.isEmpty() ? null : new SpringContainers(outermost, services);
  }

  /** A static class has nothing of the class around it. */
  private static @Nullable Class<?> outer(Class<?> type) {
    return Modifier.isStatic(type.getModifiers()) ? null : type.getEnclosingClass();
  }

  private static List<Field> find(
      Class<?> type,
      Class<? extends java.lang.annotation.Annotation> annotation,
      Predicate<Field> which) {
    return AnnotationSupport.findAnnotatedFields(
        type, annotation, which, HierarchyTraversalMode.TOP_DOWN);
  }
}
