package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerSpec;
import io.runcible.network.Network;
import java.net.URI;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every scope, every place where something is injected, and a failure in every phase: run in a JVM
 * of its own, on whatever version of JUnit, with its tests at the same time.
 */
@RunContainer(name = "base", image = "${shell.image}", network = "net")
class EveryVersionJvm {
  /** What was seen in each place. */
  private static final Map<String, Collection<String>> SEEN = new ConcurrentHashMap<>();

  @RunContainer(
      image = "${shell.image}",
      command = {"httpd", "-f", "-p", "8080"},
      ports = "8080")
  static Container web;

  @RegisterExtension
  static final ContainerExtension PROGRAMMATIC =
      ContainerExtension.of(ContainerSpec.builder(System.getProperty("shell.image")).build());

  private static void see(String place, Container container) {
    assertThat(container.isRunning()).as(place).isTrue();
    SEEN.computeIfAbsent(place, unused -> ConcurrentHashMap.newKeySet()).add(container.id());
  }

  @AfterAll
  static void sawWhatIsToBeSeen() {
    Map<String, Integer> counts = new TreeMap<>();
    SEEN.forEach((place, ids) -> counts.put(place, Set.copyOf(ids).size()));
    System.out.println("SEEN " + counts);
  }

  @Test
  void fieldsAndParametersAreFilled(
      @NamedContainer("base") Container base,
      @HostPort("web:8080") int port,
      @HostUrl("http://web:8080/") URI url,
      @TestNetwork("net") Network net) {
    see("class", base);
    see("static field", web);
    see("programmatic", PROGRAMMATIC.container());
    assertThat(port).isEqualTo(web.hostPort(8080)).isEqualTo(url.getPort());
    assertThat(net.name()).startsWith("net-");
  }

  @RunContainer(name = "own", image = "${shell.image}")
  @RepeatedTest(2)
  void aMethodHasOneForEachRepetition(@NamedContainer("own") Container own) {
    see("method", own);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aParameterHasOneForEachInvocation(
      int number,
      @RunContainer(name = "own", image = "${shell.image}") Container own,
      @RunContainer(name = "all", image = "${shell.image}", scope = RunContainer.Scope.RUN)
          Container all,
      @RunContainer(name = "cls", image = "${shell.image}", scope = RunContainer.Scope.CLASS)
          Container ofTheClass) {
    assertThat(number).isPositive();
    see("parameter", own);
    see("run", all);
    see("scope of the class", ofTheClass);
  }

  @Nested
  class Inner {
    @RunContainer(image = "${shell.image}")
    Container field;

    private final Container ofConstructor;

    Inner(@RunContainer(name = "constructor", image = "${shell.image}") Container ofConstructor) {
      this.ofConstructor = ofConstructor;
    }

    @BeforeEach
    void begin(@RunContainer(name = "before", image = "${shell.image}") Container before) {
      see("before each", before);
    }

    @RepeatedTest(2)
    void hasItsOwnAndThoseAround(
        @NamedContainer("base") Container base,
        @RunContainer(name = "all", image = "${shell.image}", scope = RunContainer.Scope.RUN)
            Container all) {
      see("class", base);
      see("static field", web);
      see("run", all);
      see("instance field", field);
      see("constructor", ofConstructor);
    }
  }

  @Nested
  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  class OneInstance {
    @RunContainer(image = "${shell.image}")
    Container field;

    @BeforeAll
    void begin() {
      see("field of one instance", field);
    }

    @RepeatedTest(2)
    void hasOne() {
      see("field of one instance", field);
    }
  }

  abstract static class Base {
    @RunContainer(image = "${shell.image}")
    Container inherited;

    @Test
    void hasWhatIsInherited() {
      see("inherited", inherited);
    }
  }

  @Nested
  class Derived extends Base {}

  @Nested
  @RunContainer(name = "broken", image = "${shell.image}", command = "no-such-program")
  class FailsInBeforeAll {
    @Test
    void never() {}
  }

  @Nested
  class FailsInBeforeEach {
    @RunContainer(
        image = "${shell.image}",
        command = {"sh", "-c", "echo cannot bind; exit 3"},
        readyLog = "never")
    Container broken;

    @Test
    void never() {}
  }

  @Nested
  class FailsInParameter {
    @Test
    void never(@RunContainer(image = "${shell.image}", user = "no-such-user") Container broken) {}
  }

  @Nested
  class FailsInTest {
    @Test
    void fails(@NamedContainer("base") Container base) {
      throw new AssertionError("on purpose, in the test");
    }
  }

  @Nested
  class FailsInAfterEach {
    @AfterEach
    void fail() {
      throw new AssertionError("on purpose, after the test");
    }

    @Test
    void succeeds() {}
  }
}
