package io.runcible.junit;

import io.runcible.engine.Container;
import io.runcible.junit.RunContainer.Scope;
import java.lang.reflect.Field;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * A container that Spring may use the service of.
 *
 * @param name of the field, or of the container where a class is annotated
 * @param ofRun what is the same container wherever it is said, of the whole run; empty if none is
 * @param place where it is said
 */
record SpringService(String name, Optional<Object> ofRun, Object place) {
  /** What a class is annotated with. */
  private record OfClass(Class<?> type, String container) {}

  /** That of a static field. */
  static SpringService of(Field field) {
    Optional<RunContainer> wanted = AnnotationSupport.findAnnotation(field, RunContainer.class);
    Optional<Object> ofRun =
        wanted.isPresent()
            ? wanted.filter(one -> one.scope() == Scope.RUN).map(Object.class::cast)
            : Optional.ofNullable(value(field))
                .filter(
                    one -> one instanceof AbstractContainerExtension<?> preset && preset.isOfRun());
    return new SpringService(field.getName(), ofRun, field);
  }

  /** Those that a class is annotated with, also by annotations of one's own. */
  static List<SpringService> of(Class<?> type) {
    return AnnotationSupport.findRepeatableAnnotations(type, RunContainer.class).stream()
        .map(wanted -> of(type, new AnnotatedContainer(wanted, "", type.getClassLoader())))
        .toList();
  }

  private static SpringService of(Class<?> type, AnnotatedContainer plan) {
    Optional<Object> ofRun =
        Optional.<Object>of(plan.annotation())
            .filter(unused -> plan.annotation().scope() == Scope.RUN);
    return new SpringService(plan.name(), ofRun, new OfClass(type, plan.name()));
  }

  /** How it is reached, if it is of a kind that is known. */
  Optional<ServiceConnection> connection() {
    Object running =
        place instanceof Field field
            ? value(field)
            : ClassContainers.find(((OfClass) place).type(), name).orElse(null);
    if (running instanceof AbstractContainerExtension<?> extension) {
      return extension.connection();
    }
    if (running instanceof Container container) {
      return KnownImages.connection(container);
    }
    throw new IllegalStateException(
        "the container '"
            + name
            + "' has not been started when Spring makes its context: with one test instance for the"
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
}
