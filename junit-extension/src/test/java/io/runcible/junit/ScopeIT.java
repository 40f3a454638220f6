package io.runcible.junit;

import static io.runcible.junit.Kit.SEEN;
import static io.runcible.junit.Kit.assertNoneRuns;
import static io.runcible.junit.Kit.assertPassed;
import static io.runcible.junit.Kit.use;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.HashSet;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How long containers live, and who shares them. */
@EnabledIfContainersAvailable
class ScopeIT {
  @RegisterExtension static final Kit KIT = new Kit();

  private static void assertContainers(int count) {
    assertThat(new HashSet<>(SEEN)).hasSize(count);
    assertNoneRuns();
  }

  /** An annotation of a project's own. */
  @Inherited
  @Retention(RetentionPolicy.RUNTIME)
  @RunContainer(image = "${shell.image}", name = "service")
  @interface WithService {}

  @Test
  void containerOfAClassIsThatOfItsNestedAndDerivedClasses() {
    assertPassed(KIT.run(OfClass.class), 3);
    assertContainers(1);
    SEEN.clear();
    assertPassed(KIT.run(Derived.class), 2);
    assertContainers(2);
  }

  @WithService
  static class OfClass {
    @Test
    void uses(@NamedContainer("service") Container service) {
      use(service);
    }

    @Nested
    class Inner {
      @NamedContainer("service")
      Container service;

      @RepeatedTest(2)
      void uses() {
        use(service);
      }
    }
  }

  @WithService
  static class Base {
    @RunContainer(image = "${shell.image}")
    static Container inherited;

    @Test
    void uses(@NamedContainer("service") Container service) {
      use(service);
      use(inherited);
    }
  }

  static class Derived extends Base {
    @Test
    void usesToo(@NamedContainer("service") Container service) {
      use(service);
      use(inherited);
    }
  }

  @Test
  void nameOfAnInnerFieldHidesThatOfAnOuterOne() {
    assertPassed(KIT.run(Outer.Inner.class), 1);
    assertContainers(2);
  }

  static class Outer {
    @RunContainer(image = "${shell.image}")
    Container container;

    @Nested
    class Inner {
      @RunContainer(image = "${shell.image}")
      Container container;

      @Test
      void uses(@NamedContainer("container") Container near) {
        use(container);
        use(Outer.this.container);
        assertThat(near).isSameAs(container);
      }
    }
  }

  @Test
  void containerOfAMethodIsForThatTest() {
    assertPassed(KIT.run(OfMethod.class), 4);
    assertThat(SEEN).hasSize(4);
    assertContainers(4);
  }

  static class OfMethod {
    @WithService
    @RepeatedTest(2)
    void repeated(@NamedContainer("service") Container service) {
      use(service);
    }

    @ParameterizedTest
    @ValueSource(strings = {"one", "two"})
    void parameterized(
        String word, @RunContainer(image = "${shell.image}", name = "own") Container own) {
      assertThat(ShellImage.run(own, "echo " + word)).isEqualTo(word);
      use(own);
    }
  }

  @Test
  void scopeOfTheClassHoldsWhateverIsAnnotated() {
    assertPassed(KIT.run(OfTheClass.class), 4);
    assertContainers(2);
  }

  static class OfTheClass {
    @RunContainer(image = "${shell.image}", scope = RunContainer.Scope.CLASS)
    Container field;

    @RepeatedTest(2)
    void usesField() {
      use(field);
    }

    @RepeatedTest(2)
    void usesParameter(
        @RunContainer(image = "${shell.image}", name = "own", scope = RunContainer.Scope.CLASS)
            Container parameter) {
      use(parameter);
    }
  }

  @Test
  void scopeOfTheRunHoldsForAllWhoSayTheSame() {
    assertPassed(KIT.run(OfTheRun.class, OfTheRunAlso.class), 3);
    assertThat(SEEN).hasSize(3);
    assertContainers(2);
  }

  static class OfTheRun {
    @RunContainer(image = "${shell.image}", name = "whole", scope = RunContainer.Scope.RUN)
    static Container first;

    @Test
    void uses() {
      use(first);
    }
  }

  static class OfTheRunAlso {
    @RunContainer(image = "${shell.image}", name = "whole", scope = RunContainer.Scope.RUN)
    Container second;

    @Test
    void uses() {
      use(second);
    }

    @Test
    void usesWhatIsOtherwise(
        @RunContainer(
                image = "${shell.image}",
                name = "whole",
                memory = "64m",
                scope = RunContainer.Scope.RUN)
            Container other) {
      use(other);
    }
  }

  @Test
  void constructorsAndLifecycleMethodsGetTheirs() {
    assertPassed(KIT.run(OfConstructor.class), 2);
    assertThat(SEEN).hasSize(6);
    // One for the class, and one for each instance, gone when its test was.
    assertContainers(3);
  }

  static class OfConstructor {
    private static Container ofTheClass;
    private static final AtomicReference<Container> BEFORE = new AtomicReference<>();
    private final Container own;

    OfConstructor(@RunContainer(image = "${shell.image}") Container own) {
      Container before = BEFORE.getAndSet(own);
      if (before != null) {
        assertThat(before.state()).hasToString("REMOVED");
      }
      this.own = own;
    }

    @BeforeAll
    static void begin(@RunContainer(image = "${shell.image}") Container container) {
      ofTheClass = container;
      use(container);
    }

    @AfterAll
    static void end() {
      use(ofTheClass);
      BEFORE.set(null);
    }

    @RepeatedTest(2)
    void uses() {
      use(own);
      use(ofTheClass);
    }
  }

  @Test
  void concurrentTestsHaveTheirOwnAndShareTheRest() {
    assertPassed(
        KIT.runConcurrently(ConcurrentOne.class, ConcurrentTwo.class, ConcurrentThree.class), 9);
    // For the run, for each class, for each test; and the static field that the classes inherit.
    assertThat(new HashSet<>(SEEN)).hasSizeBetween(1 + 3 + 9 + 1, 1 + 3 + 9 + 3);
    assertThat(SEEN).hasSize(36);
    assertNoneRuns();
  }

  @WithService
  abstract static class Concurrent {
    @RunContainer(image = "${shell.image}")
    static Container inherited;

    @RunContainer(image = "${shell.image}")
    Container own;

    @RepeatedTest(3)
    void uses(
        @NamedContainer("service") Container service,
        @RunContainer(image = "${shell.image}", name = "all", scope = RunContainer.Scope.RUN)
            Container ofTheRun) {
      use(inherited);
      use(own);
      use(service);
      use(ofTheRun);
    }
  }

  static class ConcurrentOne extends Concurrent {}

  static class ConcurrentTwo extends Concurrent {}

  static class ConcurrentThree extends Concurrent {}
}
