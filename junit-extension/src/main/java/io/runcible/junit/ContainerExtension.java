package io.runcible.junit;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import java.util.function.Function;

/**
 * Runs a container for tests as {@link RunContainer} does, from a {@link ContainerSpec}: for what
 * the annotation cannot say.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final ContainerExtension redis =
 *     ContainerExtension.of(ContainerSpec.builder("redis:7").publish(6379).build());
 * }</pre>
 *
 * <p>In a static field it is one container for all tests of the class, otherwise one for each test,
 * or for the class where the test instance lives as long as the class; {@link #scope} makes it one
 * for the whole run. The methods that describe the container are for the field's initialiser; those
 * that ask for what runs are for tests, and throw {@link IllegalStateException} at any other time.
 */
public final class ContainerExtension extends AbstractContainerExtension<ContainerExtension> {
  private final Function<ContainerEngine, ContainerSpec> spec;

  private ContainerExtension(String name, Function<ContainerEngine, ContainerSpec> spec) {
    super(name);
    this.spec = spec;
  }

  /** A container of this spec. */
  public static ContainerExtension of(ContainerSpec spec) {
    return new ContainerExtension(
        AnnotatedContainer.lastPart(spec.image().toString()), engine -> spec);
  }

  /**
   * A container of the spec that a function returns, which is called before each start, when the
   * containers that this one {@link #dependsOn} are ready.
   */
  public static ContainerExtension of(Function<ContainerEngine, ContainerSpec> spec) {
    return new ContainerExtension("", spec);
  }

  @Override
  protected ContainerSpec spec(ContainerEngine engine) {
    return spec.apply(engine);
  }
}
