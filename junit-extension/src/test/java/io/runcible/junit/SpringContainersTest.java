package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.junit.ServiceConnection.Kind;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.MergedContextConfiguration;

class SpringContainersTest {
  /** A service without a container. */
  static final class Service extends AbstractContainerExtension<Service> {
    private final Kind kind;

    Service(Kind kind) {
      super("service");
      this.kind = kind;
    }

    @Override
    protected ContainerSpec spec(ContainerEngine engine) {
      throw new IllegalStateException();
    }

    @Override
    protected Optional<ServiceConnection> connection() {
      return Optional.of(new ServiceConnection(kind, "host:1", "user", "password"));
    }
  }

  static class Base {
    @RegisterExtension static final Service KAFKA = new Service(Kind.KAFKA);

    @RunContainer(image = "kafka", scope = RunContainer.Scope.RUN)
    static Container ofRun;

    // As nested test classes are.
    @SuppressWarnings("ClassCanBeStatic")
    class Within {}
  }

  static class One extends Base {}

  static class Two extends Base {}

  static class TwoOfAKind {
    @RegisterExtension static final Service KAFKA = new Service(Kind.KAFKA);
    @RegisterExtension static final Service OTHER = new Service(Kind.KAFKA);
  }

  static class OfRun {
    @RunContainer(image = "kafka", scope = RunContainer.Scope.RUN)
    static Container kafka;
  }

  static class OfRunToo {
    @RunContainer(image = "kafka", scope = RunContainer.Scope.RUN)
    static Container kafka;
  }

  static class Services {
    static final Service KAFKA = new Service(Kind.KAFKA).scope(RunContainer.Scope.RUN);
  }

  static class OfRunByPreset {
    @RegisterExtension static final Service KAFKA = Services.KAFKA;
  }

  static class OfRunByPresetToo {
    @RegisterExtension static final Service KAFKA = Services.KAFKA;
  }

  @Retention(RetentionPolicy.RUNTIME)
  @RunContainer(image = "kafka", scope = RunContainer.Scope.RUN)
  @interface WithKafka {}

  @WithKafka
  static class OfClass {}

  @WithKafka
  static class OfClassToo {
    // As nested test classes are.
    @SuppressWarnings("ClassCanBeStatic")
    class Within {}
  }

  @RunContainer(image = "kafka")
  static class OfClassAlone {}

  @RunContainer(image = "kafka")
  static class OfClassAloneToo {}

  static class Without {
    @RunContainer(image = "kafka")
    Container ofInstance;
  }

  private static ContextCustomizer customizer(Class<?> test) {
    return new SpringContainersFactory().createContextCustomizer(test, List.of());
  }

  @Test
  void contextIsSharedByThoseWhoHaveTheSameContainers() {
    assertThat(customizer(Without.class)).isNull();
    assertThat(customizer(One.class))
        .isEqualTo(customizer(One.class))
        .hasSameHashCodeAs(customizer(One.class));
    assertThat(customizer(One.class)).isNotEqualTo(customizer(Two.class));
    assertThat(customizer(Base.Within.class)).isEqualTo(customizer(Base.class));
    assertThat(customizer(OfRun.class)).isEqualTo(customizer(OfRunToo.class));
    assertThat(customizer(OfClass.class))
        .isEqualTo(customizer(OfClassToo.class))
        .isEqualTo(customizer(OfClassToo.Within.class));
    assertThat(customizer(OfClassAlone.class))
        .isEqualTo(customizer(OfClassAlone.class))
        .isNotEqualTo(customizer(OfClassAloneToo.class));
    assertThat(customizer(OfRunByPreset.class)).isEqualTo(customizer(OfRunByPresetToo.class));
  }

  private static GenericApplicationContext context(Class<?> test, Map<String, Object> properties) {
    GenericApplicationContext context = new GenericApplicationContext();
    context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("p", properties));
    customizer(test)
        .customizeContext(context, new MergedContextConfiguration(test, null, null, null, null));
    context.refresh();
    return context;
  }

  @Test
  void oneOfSeveralIsChosenByName() {
    assertThatThrownBy(() -> context(TwoOfAKind.class, Map.of()))
        .hasMessageContaining("'KAFKA' and 'OTHER'")
        .hasMessageContaining("runcible.connections");
    try (GenericApplicationContext one =
            context(TwoOfAKind.class, Map.of("runcible.connections", "OTHER"));
        GenericApplicationContext none =
            context(TwoOfAKind.class, Map.of("runcible.connections", ""))) {
      assertThat(one.getBeanDefinitionNames())
          .contains("runcible.OTHER")
          .doesNotContain("runcible.KAFKA");
      assertThat(one.getBean("runcible.OTHER")).isEqualTo(one.getBean("runcible.OTHER"));
      assertThat(none.getBeanDefinitionNames()).noneMatch(name -> name.startsWith("runcible"));
    }
  }

  @Test
  void containerThatHasNotBeenStartedIsSaid() {
    assertThatThrownBy(() -> context(OfRun.class, Map.of()))
        .hasMessageContaining("kafka")
        .hasMessageContaining("has not been started");
    assertThatThrownBy(() -> context(OfClass.class, Map.of()))
        .hasMessageContaining("kafka")
        .hasMessageContaining("has not been started");
  }
}
