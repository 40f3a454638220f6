package io.runcible.junit;

import io.runcible.engine.Container;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestInstancePostProcessor;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.HierarchyTraversalMode;

/**
 * What {@link RunContainer} and its companions do; the annotations register it. Holds no state:
 * JUnit's stores do, and close what they hold.
 */
public final class RunContainerExtension
    implements ExecutionCondition,
        BeforeAllCallback,
        BeforeEachCallback,
        AfterEachCallback,
        AfterAllCallback,
        TestInstancePostProcessor,
        ParameterResolver {
  private static final List<Class<? extends Annotation>> LIFECYCLE =
      List.of(BeforeAll.class, BeforeEach.class, AfterEach.class, AfterAll.class);

  /** For JUnit. */
  public RunContainerExtension() {}

  /** What a constructor gets lives as long as the test. */
  @Override
  public ExtensionContextScope getTestInstantiationExtensionContextScope(ExtensionContext root) {
    return ExtensionContextScope.TEST_METHOD;
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    TestRun run = TestRun.of(context);
    Optional<String> missing = run.skipsUnavailable() ? run.missing() : Optional.empty();
    return missing
        .map(ConditionEvaluationResult::disabled)
        .orElseGet(() -> ConditionEvaluationResult.enabled("containers run, or their tests fail"));
  }

  @Override
  public void beforeAll(ExtensionContext context) throws IllegalAccessException {
    Class<?> type = context.getRequiredTestClass();
    requireTests(type);
    Predicate<Field> isStatic = field -> Modifier.isStatic(field.getModifiers());
    Batch batch = new Batch(context);
    List<AnnotatedContainer> ofClass = declared(type, "", context);
    ofClass.forEach(plan -> batch.add(plan, home(context, plan, Home.of(context))));
    Fields fields = new Fields(context, batch);
    fields.add(type, null, isStatic);
    Map<String, Container> started = fields.fill();
    ofClass.forEach(
        plan ->
            ClassContainers.put(
                context, plan.name(), Objects.requireNonNull(started.get(plan.name()))));
  }

  /** With one instance for the class, its fields live as long as the class. */
  @Override
  public void postProcessTestInstance(Object instance, ExtensionContext context)
      throws IllegalAccessException {
    if (livesAsLongAsClass(context)) {
      context.getStore(TestRun.NAMESPACE).put(new Filled(instance), true);
      Fields fields = new Fields(context, new Batch(context));
      fields.add(instance.getClass(), instance, RunContainerExtension::isOfInstance);
      fields.fill();
    }
  }

  /** Those of an inner instance when those of the outer ones are ready. */
  @Override
  public void beforeEach(ExtensionContext context) throws IllegalAccessException {
    requireTests(context.getRequiredTestClass());
    for (Object instance : context.getRequiredTestInstances().getAllInstances()) {
      // Of nested classes, one instance may live as long as its class and another not.
      if (context.getStore(TestRun.NAMESPACE).get(new Filled(instance)) == null) {
        Fields fields = new Fields(context, new Batch(context));
        fields.add(instance.getClass(), instance, RunContainerExtension::isOfInstance);
        fields.fill();
      }
    }
    Batch batch = new Batch(context);
    declared(context.getRequiredTestMethod(), "", context)
        .forEach(plan -> batch.add(plan, home(context, plan, Home.of(context))));
    batch.start();
  }

  @Override
  public void afterEach(ExtensionContext context) {
    FailureReport.ifFailed(context);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    FailureReport.ifFailed(context);
  }

  /** A container of a method is for a test; that of another one would never start. */
  private static void requireTests(Class<?> type) {
    for (Class<? extends Annotation> lifecycle : LIFECYCLE) {
      for (Method method :
          AnnotationSupport.findAnnotatedMethods(
              type, lifecycle, HierarchyTraversalMode.BOTTOM_UP)) {
        if (!AnnotationSupport.findRepeatableAnnotations(method, RunContainer.class).isEmpty()) {
          throw new ExtensionConfigurationException(
              "@RunContainer is on the method "
                  + method.getName()
                  + ", which is no test: give it to a parameter of that, a field or the class");
        }
      }
    }
  }

  private static boolean isOfInstance(Field field) {
    return !Modifier.isStatic(field.getModifiers());
  }

  private static boolean livesAsLongAsClass(ExtensionContext context) {
    return context
        .getTestInstanceLifecycle()
        .filter(lifecycle -> lifecycle.name().equals("PER_CLASS"))
        .isPresent();
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.isAnnotated(RunContainer.class)
        || Injection.ANNOTATIONS.stream().anyMatch(parameter::isAnnotated);
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    Parameter wanted = parameter.getParameter();
    if (!parameter.isAnnotated(RunContainer.class)) {
      return new Injection(context).value(parameter.getAnnotatedElement(), wanted.getType());
    }
    requireContainer(wanted.getType(), wanted.toString());
    AnnotatedContainer plan = plan(parameter.getAnnotatedElement(), "", context);
    Batch batch = new Batch(context);
    batch.add(plan, home(context, plan, Home.of(context)));
    return batch.start().values().iterator().next();
  }

  private static void requireContainer(Class<?> type, String what) {
    if (!type.equals(Container.class)) {
      throw new ExtensionConfigurationException(
          "@RunContainer wants a " + Container.class.getName() + ", and " + what + " is a " + type);
    }
  }

  private static AnnotatedContainer plan(
      AnnotatedElement element, String place, ExtensionContext context) {
    List<AnnotatedContainer> plans = declared(element, place, context);
    if (plans.size() != 1) {
      throw new ExtensionConfigurationException("'" + element + "' is given several containers");
    }
    return plans.get(0);
  }

  private static List<AnnotatedContainer> declared(
      AnnotatedElement element, String place, ExtensionContext context) {
    ClassLoader loader = context.getRequiredTestClass().getClassLoader();
    return AnnotationSupport.findRepeatableAnnotations(element, RunContainer.class).stream()
        .map(wanted -> new AnnotatedContainer(wanted, place, loader))
        .toList();
  }

  /** What is shared is shared by those who say the same. */
  private record Definition(String name, RunContainer wanted) {}

  private static Home home(ExtensionContext context, AnnotatedContainer plan, Home usual) {
    Definition definition = new Definition(plan.name(), plan.annotation());
    return switch (plan.annotation().scope()) {
      case AUTO -> plan.annotation().reuse().isEmpty() ? usual : Home.ofRun(context, definition);
      case CLASS -> Home.ofClass(context, definition);
      case RUN -> Home.ofRun(context, definition);
    };
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

  /** Fields that get containers, and then those that get values of these. */
  private static final class Fields {
    private final ExtensionContext context;
    private final Batch batch;
    private final List<Target> containers = new ArrayList<>();
    private final List<Target> values = new ArrayList<>();

    /**
     * A field to be set.
     *
     * @param instance whose field it is; null for a static one
     * @param name of the container
     */
    private record Target(Field field, @Nullable Object instance, String name) {
      void set(Object value) throws IllegalAccessException {
        field.setAccessible(true);
        field.set(instance, value);
      }
    }

    Fields(ExtensionContext context, Batch batch) {
      this.context = context;
      this.batch = batch;
    }

    void add(Class<?> type, @Nullable Object instance, Predicate<Field> which) {
      for (Field field : find(type, RunContainer.class, which)) {
        requireContainer(field.getType(), "field " + field.getName());
        AnnotatedContainer plan = plan(field, field.getName(), context);
        Home usual = instance == null ? Home.ofField(context, field) : Home.of(context);
        batch.add(plan, home(context, plan, usual));
        containers.add(new Target(field, instance, plan.name()));
      }
      Set<Field> wanting = new LinkedHashSet<>();
      Injection.ANNOTATIONS.forEach(one -> wanting.addAll(find(type, one, which)));
      wanting.forEach(field -> values.add(new Target(field, instance, "")));
    }

    private static List<Field> find(
        Class<?> type, Class<? extends Annotation> annotation, Predicate<Field> which) {
      return AnnotationSupport.findAnnotatedFields(
          type, annotation, which, HierarchyTraversalMode.TOP_DOWN);
    }

    /** Starts the containers, also those without a field, and sets the fields. */
    Map<String, Container> fill() throws IllegalAccessException {
      Map<String, Container> started = batch.start();
      for (Target target : containers) {
        target.set(Objects.requireNonNull(started.get(target.name())));
      }
      Injection injection = new Injection(context);
      for (Target target : values) {
        target.set(injection.value(target.field(), target.field().getType()));
      }
      return started;
    }
  }
}
