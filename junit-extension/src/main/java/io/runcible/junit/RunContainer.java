package io.runcible.junit;

import io.runcible.engine.Container;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Runs a container for tests. A field or parameter gets it, and is of type {@link
 * io.runcible.engine.Container}. On a class or a test method, also through an annotation of one's
 * own, the container is found by its name: {@link NamedContainer}, {@link HostPort}, {@link
 * HostUrl}.
 *
 * <ul>
 *   <li>On a class, or a static field: one container for all tests of the class, and of the classes
 *       nested in it, removed after the last. Classes that inherit a static field share what is in
 *       it while they run at the same time.
 *   <li>On an instance field: a fresh container for each test, or for the class where the test
 *       instance lives as long as the class.
 *   <li>On a test method: a container for that test, started when those of the fields are ready. On
 *       a lifecycle method it fails the tests, if the class has the extension by another
 *       annotation; elsewhere it has no meaning.
 *   <li>On a parameter of a test, of a lifecycle method or of the constructor: a container for as
 *       long as that lasts.
 * </ul>
 *
 * <p>The containers of a class, and those of the fields of an instance, start at the same time, but
 * for those that {@link #dependsOn} others. Tests begin when all are ready. A container that does
 * not start, or does not become ready, fails the test with the last of what it wrote. With a failed
 * test, what the containers wrote and how they were is published as files of the test report.
 *
 * <p>All containers of a test run share one engine, and end with the JVM, also when it is killed.
 * What a container writes goes to the logger {@code io.runcible.container.NAME}, at the level
 * DEBUG, from its start. Settings, as JUnit configuration parameters or system properties:
 *
 * <ul>
 *   <li>{@code runcible.unavailable=skip}: on a host that cannot run containers, tests with
 *       containers are skipped; by default they fail. Both say what is missing.
 *   <li>{@code runcible.keep.seconds=600}: the containers of a failed test go on running, and the
 *       test run ends when they do, or after so long. The log has the line to enter them.
 * </ul>
 */
@Documented
@Inherited
@Repeatable(RunContainers.class)
@Target({
  ElementType.FIELD,
  ElementType.PARAMETER,
  ElementType.TYPE,
  ElementType.METHOD,
  ElementType.ANNOTATION_TYPE
})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RunContainerExtension.class)
public @interface RunContainer {
  /** How long a container lives. */
  enum Scope {
    /** As long as what is annotated; see {@link RunContainer}. */
    AUTO,
    /** One for the class, whatever is annotated. */
    CLASS,
    /**
     * One for the whole test run, for all places that declare the same: same name, same values. It
     * starts at the first use, and ends when the launcher's session does.
     */
    RUN
  }

  /** When an image is pulled. */
  enum Pull {
    /** If it is not in the store. */
    MISSING,
    /** At each start. */
    ALWAYS,
    /** Never; the test fails if it is not in the store. */
    NEVER
  }

  /**
   * The image; short names expand as everywhere.
   *
   * <p>In this text, and in those of the command, the environment, mounts and files, a placeholder
   * stands for a value: {@code ${name}} or {@code ${name:default}} for a system property, so that a
   * build can say which registry images come from; {@code ${random}} for twelve letters and digits,
   * the same in one container. {@code ${db.address}}, {@code ${db.id}} and {@code ${db.port.5432}}
   * stand for the address, the id and the port of the host of a container that this one {@link
   * #dependsOn}, here {@code db}.
   */
  String image();

  /**
   * A name for others to find it by, in the test; not the name in the engine. By default that of
   * the field, otherwise the last part of the image's name without its tag.
   */
  String name() default "";

  /** The command; by default the image's. */
  String[] command() default {};

  /** Variables as {@code KEY=value}, beside those of the image. */
  String[] environment() default {};

  /** The user; by default the image's. */
  String user() default "";

  /**
   * The ports to publish, as {@link io.runcible.network.PortBinding#parse} reads them; {@code
   * "6379"} is published on a free port of the host's loopback device. {@link HostPort} and {@link
   * io.runcible.engine.Container#hostAddress} say which.
   */
  String[] ports() default {};

  /**
   * The networks: {@code none}, {@code host}, {@code user}, {@code bridge}, or names of bridge
   * networks. By default what the engine chooses: none or, for an ordinary user's container that
   * publishes ports, {@code user}.
   *
   * <p>A name is that of a network of the tests: made for the first container that asks for it,
   * known in the scope of that container and those within, and removed with it. Outside of the
   * tests it has another name, so that test runs do not meet.
   */
  String[] network() default {};

  /** Further names of the container on its networks, which must be bridge networks. */
  String[] aliases() default {};

  /** Mounts from the host as {@code source:/destination} or {@code source:/destination:ro}. */
  String[] mounts() default {};

  /**
   * Files or directories of the class path that are copied in before the start, as {@code
   * resource:/destination}. All of it belongs to root, and directories above the destination are
   * made.
   */
  String[] files() default {};

  /** Where an empty file system in memory is mounted. */
  String[] tmpfs() default {};

  /** The memory limit, such as {@code 256m}; by default none. */
  String memory() default "";

  /** The limit of processor time, in processors; by default none. */
  double cpus() default 0;

  /** The limit of processes and threads; by default the engine's. */
  long pids() default 0;

  /**
   * What has to be the case before tests begin; several conditions, all of them. By default, that
   * something listens on each TCP port that is published; without ports, that the program has
   * started.
   *
   * <ul>
   *   <li>{@code port:5432}: something listens on the port, of the container
   *   <li>{@code log:REGEX}: a line of the output matches
   *   <li>{@code http:8080/health}, {@code https:8443/}: a GET request succeeds
   *   <li>{@code exec:pg_isready -q}: a command in the container exits with 0; words are separated
   *       by spaces
   *   <li>{@code healthy}: the image's health check succeeds
   * </ul>
   *
   * <p>For others, and for one of several, see {@link ContainerExtension#ready}.
   */
  String[] ready() default {};

  /** Short for {@link #ready} with {@code log:}, and beside that. */
  String readyLog() default "";

  /** How long the container may take to become ready, in seconds. */
  int readySeconds() default 60;

  /** When the image is pulled. */
  Pull pull() default Pull.MISSING;

  /**
   * What fills the container once, for all test runs: it begins with that, in a copy of its own. By
   * default nothing, and the container begins with what is in the image. A value that differs from
   * run to run in the command or the environment, such as <code>${random}</code>, makes each run
   * fill it anew.
   */
  Class<? extends Primer<Container>> prime() default Primer.None.class;

  /** The names of containers that are ready before this one starts. */
  String[] dependsOn() default {};

  /** How long the container lives. */
  Scope scope() default Scope.AUTO;

  /**
   * If not empty, the container is one for all test JVMs of this user that ask for the same key at
   * the same time, for the same values and contents of files. The first one starts it, and the last
   * one that ends removes it; with the scope {@link Scope#AUTO} each uses it for its whole run.
   * Such a container is detached, with what {@link
   * io.runcible.engine.ContainerSpec.Builder#publish(io.runcible.network.PortBinding)} says about
   * the ports of those. What killed JVMs leave is removed by the next test run. It cannot be on a
   * {@link #network} of the tests, which each JVM has its own of; that fails the test.
   */
  String reuse() default "";
}
