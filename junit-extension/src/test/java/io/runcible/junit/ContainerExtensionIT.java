package io.runcible.junit;

import static io.runcible.junit.Kit.SEEN;
import static io.runcible.junit.Kit.assertNoneRuns;
import static io.runcible.junit.Kit.assertPassed;
import static io.runcible.junit.Kit.use;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.RunContainer.Pull;
import io.runcible.junit.RunContainer.Scope;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Containers that are described by a program. */
@EnabledIfContainersAvailable
class ContainerExtensionIT {
  @RegisterExtension static final Kit KIT = new Kit();

  private static final CyclicBarrier MEETING = new CyclicBarrier(2);

  private static ContainerSpec.Builder shell() {
    return ContainerSpec.builder(System.getProperty("shell.image"));
  }

  /** Each waits until the other is about to start, too. */
  private static ContainerExtension meeting() {
    return ContainerExtension.of(
        engine -> {
          try {
            MEETING.await(60, TimeUnit.SECONDS);
          } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new AssertionError("nobody else starts meanwhile", e);
          }
          return shell().build();
        });
  }

  @Test
  void thoseThatOneDependsOnStartAtTheSameTimeAndBeforeIt() {
    assertPassed(KIT.run(Dependent.class), 2);
    assertThat(new HashSet<>(SEEN)).hasSize(3);
    assertNoneRuns();
  }

  static class Dependent {
    static final ContainerExtension FIRST = meeting().named("first");
    static final ContainerExtension SECOND = meeting().named("second");

    @RegisterExtension
    static final ContainerExtension BOTH =
        ContainerExtension.of(
                engine -> shell().environment("FIRST", FIRST.container().id()).build())
            .named("both")
            .dependsOn(FIRST, SECOND);

    @RepeatedTest(2)
    void uses() {
      use(FIRST.container());
      use(SECOND.container());
      use(BOTH.container());
      assertThat(ShellImage.run(BOTH.container(), "echo $FIRST")).isEqualTo(FIRST.container().id());
    }
  }

  @Test
  void fieldSaysHowLongItLives() {
    assertPassed(KIT.run(Fields.class), 4);
    assertThat(new HashSet<>(SEEN)).hasSize(1 + 4);
    assertNoneRuns();
    assertThatThrownBy(Fields.OF_CLASS::container).isInstanceOf(IllegalStateException.class);
    SEEN.clear();
    assertPassed(KIT.run(OneInstance.class), 2);
    assertThat(new HashSet<>(SEEN)).hasSize(1);
    assertNoneRuns();
  }

  static class Fields {
    @RegisterExtension
    static final ContainerExtension OF_CLASS =
        ContainerExtension.of(
                engine -> shell().command("sh", "-c", "cat /f; sleep 600").publish(81).build())
            .named("cls")
            .file("files/greeting.txt", "/f")
            .ready(Ready.any(Ready.onLog("said the class path"), Ready.onPort(81)));

    @RegisterExtension final ContainerExtension ofTest = ContainerExtension.of(shell().build());

    @RepeatedTest(2)
    void uses(@HostPort("cls:81") int port) {
      use(OF_CLASS.container());
      use(ofTest.container());
      assertThat(OF_CLASS.hostPort(81)).isEqualTo(port);
      assertThat(OF_CLASS.hostAddress(81).getPort()).isEqualTo(port);
    }

    @Nested
    class Inner {
      @RepeatedTest(2)
      void uses() {
        use(OF_CLASS.container());
        use(ofTest.container());
      }
    }
  }

  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  static class OneInstance {
    @RegisterExtension
    final ContainerExtension ofTheInstance = ContainerExtension.of(shell().build());

    @RepeatedTest(2)
    void uses() {
      use(ofTheInstance.container());
    }
  }

  @Test
  void derivedClassesShareItWhileTheyRunAtTheSameTime() {
    assertPassed(KIT.runConcurrently(One.class, Two.class), 4);
    assertThat(new HashSet<>(SEEN)).hasSizeBetween(1, 2);
    assertNoneRuns();
  }

  abstract static class Base {
    @RegisterExtension
    static final ContainerExtension SHARED = ContainerExtension.of(engine -> shell().build());

    @RepeatedTest(2)
    void uses() {
      use(SHARED.container());
    }
  }

  static class One extends Base {}

  static class Two extends Base {}

  @Test
  void containerOfTheRunIsThatOfAllClassesWithTheObject() {
    assertPassed(KIT.run(OfRun.class, OfRunToo.class), 3);
    assertThat(new HashSet<>(SEEN)).hasSize(2);
    assertNoneRuns();
    assertThatThrownBy(Services.DB::container).isInstanceOf(IllegalStateException.class);
  }

  static class Services {
    static final ContainerExtension BASE =
        ContainerExtension.of(engine -> shell().build()).scope(Scope.RUN);
    static final ContainerExtension DB =
        ContainerExtension.of(engine -> shell().build())
            .named("db")
            .dependsOn(BASE)
            .scope(Scope.RUN);
  }

  static class OfRun {
    @RegisterExtension static final ContainerExtension DB = Services.DB;

    @RepeatedTest(2)
    void uses(@NamedContainer("db") Container db) {
      use(DB.container());
      use(Services.BASE.container());
      assertThat(db).isSameAs(DB.container());
    }
  }

  static class OfRunToo {
    @RegisterExtension static final ContainerExtension OTHER = Services.DB;

    @Test
    void uses(@NamedContainer("db") Container db) {
      use(db);
      use(OTHER.container());
    }
  }

  @Test
  void containerOfATestMayDependOnThoseOfTheRun() {
    assertPassed(KIT.run(OnRun.class), 2);
    assertThat(new HashSet<>(SEEN)).hasSize(2 + 2);
    assertNoneRuns();
  }

  /** The networks that are the same in each JVM. */
  @Test
  void keyIsOfTheSameNetworks() {
    assertPassed(KIT.run(OnTwoNetworks.class), 1);
    assertThat(new HashSet<>(SEEN)).hasSize(2);
    assertNoneRuns();
  }

  static class OnTwoNetworks {
    @RegisterExtension
    static final ContainerExtension NONE =
        ContainerExtension.of(shell().build()).named("none").reuse("two");

    @RegisterExtension
    static final ContainerExtension BRIDGED =
        ContainerExtension.of(shell().build()).named("bridged").reuse("two").network("bridge");

    @Test
    void uses() {
      use(NONE.container());
      use(BRIDGED.container());
    }
  }

  static class OnRun {
    static final ContainerExtension REUSED =
        ContainerExtension.of(engine -> shell().build()).named("reused").reuse("on-run");

    @RegisterExtension
    final ContainerExtension own =
        ContainerExtension.of(shell().build()).dependsOn(Services.DB, REUSED);

    @RepeatedTest(2)
    void uses(@NamedContainer("db") Container db, @NamedContainer("reused") Container reused) {
      use(own.container());
      use(db);
      use(reused);
    }
  }

  @Test
  void whatCannotBeIsSaid() {
    assertThat(Kit.failure(KIT.run(OfRunInInstance.class))).contains("'late'", "has to be static");
    // Also where it runs by then.
    assertThat(Kit.failure(KIT.run(OfRun.class, OfRunInInstanceToo.class)))
        .contains("'db'", "has to be static");
    assertThat(Kit.failure(KIT.run(OfTestOnClass.class))).contains("'cls'", "has to be static");
    assertThat(Kit.failure(KIT.run(OfRunOnOther.class))).contains("'late'", "'early'", "before");
    assertThat(Kit.failure(KIT.run(OfAllOnNetwork.class))).contains("'all'", "'key'", "'back'");
    assertThat(Kit.failure(KIT.run(AnnotatedOfAllOnNetwork.class)))
        .contains("'all'", "'key'", "'back'");
    assertThat(Kit.failure(KIT.run(NeverPulled.class))).contains("is never to be pulled");
    assertNoneRuns();
  }

  static class OfRunInInstance {
    @RegisterExtension
    final ContainerExtension late =
        ContainerExtension.of(shell().build()).named("late").scope(Scope.RUN);

    @Test
    void never() {}
  }

  static class OfAllOnNetwork {
    @RegisterExtension
    static final ContainerExtension ALL =
        ContainerExtension.of(shell().build()).named("all").reuse("key").network("back");

    @Test
    void never() {}
  }

  static class AnnotatedOfAllOnNetwork {
    @RunContainer(image = "registry.example/none", name = "all", reuse = "key", network = "back")
    static Container all;

    @Test
    void never() {}
  }

  static class OfRunInInstanceToo {
    @RegisterExtension final ContainerExtension db = Services.DB;

    @Test
    void never() {}
  }

  static class OfTestOnClass {
    @RegisterExtension
    final ContainerExtension own =
        ContainerExtension.of(shell().build())
            .dependsOn(ContainerExtension.of(shell().build()).named("cls").scope(Scope.CLASS));

    @Test
    void never() {}
  }

  static class OfRunOnOther {
    @RegisterExtension
    static final ContainerExtension LATE =
        ContainerExtension.of(engine -> shell().build())
            .named("late")
            .scope(Scope.RUN)
            .dependsOn(ContainerExtension.of(engine -> shell().build()).named("early"));

    @Test
    void never() {}
  }

  static class NeverPulled {
    @RegisterExtension
    static final ContainerExtension NONE =
        ContainerExtension.of(ContainerSpec.builder("127.0.0.1:1/no/such:image").build())
            .pull(Pull.NEVER);

    @Test
    void never() {}
  }

  @Test
  void containersFindEachOtherOnANetworkOfTheTests() {
    assertPassed(KIT.run(OnNetworks.class), 1);
    assertNoneRuns();
  }

  static class OnNetworks {
    @RegisterExtension
    static final ContainerExtension PAGES =
        ContainerExtension.of(
                shell()
                    .command("sh", "-c", "echo found >/tmp/page; httpd -f -p 80 -h /tmp")
                    .build())
            .named("pages")
            .network("back", "data", "more")
            .network("front", "pages")
            .ready(Ready.onPort(80));

    @RunContainer(
        image = "${shell.image}",
        command = {"sleep", "600"},
        network = "front",
        dependsOn = "pages")
    Container annotated;

    @RegisterExtension
    static final ContainerExtension CLIENT =
        ContainerExtension.of(shell().build()).network("back").dependsOn(PAGES);

    @Test
    void find() {
      for (String alias : List.of("data", "more")) {
        assertThat(ShellImage.run(CLIENT.container(), fetch(alias))).endsWith("found");
      }
      assertThat(ShellImage.run(annotated, fetch("pages"))).endsWith("found");
    }

    private static String fetch(String host) {
      return "printf 'GET /page HTTP/1.0\\r\\n\\r\\n' | nc " + host + " 80";
    }
  }
}
