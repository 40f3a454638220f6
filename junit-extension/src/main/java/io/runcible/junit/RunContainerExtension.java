package io.runcible.junit;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.network.Network;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestInstancePostProcessor;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.HierarchyTraversalMode;

/**
 * What {@link RunContainer} does; the annotation registers it. Holds no state: JUnit's stores do,
 * and close what they hold.
 */
public final class RunContainerExtension
    implements BeforeAllCallback, BeforeEachCallback, TestInstancePostProcessor, ParameterResolver {
  private static final Namespace NAMESPACE = Namespace.create(RunContainerExtension.class);

  /** For JUnit. */
  public RunContainerExtension() {}

  @Override
  public void beforeAll(ExtensionContext context) throws IllegalAccessException {
    inject(context, null, field -> Modifier.isStatic(field.getModifiers()));
  }

  /** With one instance for the class, its fields live as long as the class. */
  @Override
  public void postProcessTestInstance(Object instance, ExtensionContext context)
      throws IllegalAccessException {
    if (livesAsLongAsClass(context)) {
      context.getStore(NAMESPACE).put(new Filled(instance), true);
      inject(context, instance, field -> !Modifier.isStatic(field.getModifiers()));
    }
  }

  @Override
  public void beforeEach(ExtensionContext context) throws IllegalAccessException {
    for (Object instance : context.getRequiredTestInstances().getAllInstances()) {
      // Of nested classes, one instance may live as long as its class and another not.
      if (context.getStore(NAMESPACE).get(new Filled(instance)) == null) {
        inject(context, instance, field -> !Modifier.isStatic(field.getModifiers()));
      }
    }
  }

  private static boolean livesAsLongAsClass(ExtensionContext context) {
    return context
        .getTestInstanceLifecycle()
        .filter(lifecycle -> lifecycle.name().equals("PER_CLASS"))
        .isPresent();
  }

  private static void inject(
      ExtensionContext context, @Nullable Object instance, Predicate<Field> which)
      throws IllegalAccessException {
    Class<?> type = instance == null ? context.getRequiredTestClass() : instance.getClass();
    List<Field> fields =
        AnnotationSupport.findAnnotatedFields(
            type, RunContainer.class, which, HierarchyTraversalMode.TOP_DOWN);
    for (Field field : fields) {
      requireContainer(field.getType(), "field " + field.getName());
      field.setAccessible(true);
      field.set(instance, start(context, field));
    }
  }

  private static void requireContainer(Class<?> type, String what) {
    if (!type.equals(Container.class)) {
      throw new ExtensionConfigurationException(
          "@RunContainer wants a " + Container.class.getName() + ", and " + what + " is a " + type);
    }
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.isAnnotated(RunContainer.class);
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    requireContainer(parameter.getParameter().getType(), parameter.getParameter().toString());
    return start(context, parameter.getParameter());
  }

  private static Container start(ExtensionContext context, AnnotatedElement element) {
    Optional<RunContainer> found = AnnotationSupport.findAnnotation(element, RunContainer.class);
    RunContainer wanted = found.orElseThrow();
    Container container = engine(context).run(spec(wanted));
    // From here on the store removes it, also when it does not become ready.
    context.getStore(NAMESPACE).put(container.id(), container);
    if (!wanted.readyLog().isEmpty()) {
      container.awaitReady(
          Ready.onLog(wanted.readyLog()).within(Duration.ofSeconds(wanted.readySeconds())));
    }
    return container;
  }

  private static ContainerSpec spec(RunContainer wanted) {
    ContainerSpec.Builder spec =
        ContainerSpec.builder(Placeholders.resolve(wanted.image()))
            .network(Network.parse(wanted.network()));
    if (wanted.command().length > 0) {
      spec.command(wanted.command());
    }
    for (String variable : wanted.environment()) {
      int equals = variable.indexOf('=');
      if (equals <= 0) {
        throw new ExtensionConfigurationException("'" + variable + "' is not KEY=value");
      }
      spec.environment(variable.substring(0, equals), variable.substring(equals + 1));
    }
    if (!wanted.user().isEmpty()) {
      spec.user(wanted.user());
    }
    if (!wanted.memory().isEmpty()) {
      spec.memory(wanted.memory());
    }
    return spec.build();
  }

  /** Says that the fields of an instance, whatever that takes for its equal, have containers. */
  private static final class Filled {
    private final Object instance;

    Filled(Object instance) {
      this.instance = instance;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Filled filled && filled.instance == instance;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(instance);
    }
  }

  /** One engine for the whole run, opened at the first use and closed after the last test. */
  private static ContainerEngine engine(ExtensionContext context) {
    return context
        .getRoot()
        .getStore(NAMESPACE)
        .getOrComputeIfAbsent(Engine.class, key -> new Engine(), Engine.class)
        .open();
  }

  /** Opens the engine outside of the store's own lock. */
  private static final class Engine implements AutoCloseable {
    private @Nullable ContainerEngine engine;

    synchronized ContainerEngine open() {
      ContainerEngine known = engine;
      if (known == null) {
        known = ContainerEngine.create();
        engine = known;
      }
      return known;
    }

    @Override
    public synchronized void close() {
      if (engine != null) {
        engine.close();
      }
    }
  }
}
