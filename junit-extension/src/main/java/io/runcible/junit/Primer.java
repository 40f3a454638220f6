package io.runcible.junit;

import io.runcible.engine.Container;
import java.util.List;

/**
 * What fills a service once, so that each test begins with its own copy of that: a schema is
 * loaded, users are created. The first test run that needs it starts a container, waits until it is
 * ready, has it filled, stops it, and keeps it as an image, the volumes that the image declares
 * included; all containers of tests then begin where that one ended, also those of later runs and
 * of other JVMs at the same time. See {@link io.runcible.engine.ContainerEngine#prime}.
 *
 * <pre>{@code
 * class LoadSchema implements Primer<Container> {
 *   @Override
 *   public void prime(Container db) throws SQLException {
 *     load("jdbc:postgresql://127.0.0.1:" + db.hostPort(5432) + "/test", "schema.sql");
 *   }
 *
 *   @Override
 *   public List<String> resources() {
 *     return List.of("schema.sql");
 *   }
 * }
 * }</pre>
 *
 * <p>It is filled anew when the image is another one, when the command, the environment or the
 * files of the container are others, when a resource or the version is, and when the class of the
 * primer was compiled to something else. What else it depends on, a class that it calls for
 * instance, it does not see: that is what {@link #version} is for. What nobody has used for 14 days
 * is removed.
 *
 * @param <T> what it fills: a {@link Container}, or the preset
 */
@FunctionalInterface
public interface Primer<T> {
  /**
   * Fills the service, which is ready. When this returns, the container is stopped, by its stop
   * signal; one that has to be killed after 30 seconds fails the test.
   *
   * @throws Exception whatever fails, as does the test then; nothing is kept
   */
  void prime(T service) throws Exception;

  /** The resources of the class path that the state depends on, by name; by default none. */
  default List<String> resources() {
    return List.of();
  }

  /** Anything else that the state depends on; by default nothing. */
  default String version() {
    return "";
  }

  /** Stands for no primer, where an annotation needs one. */
  final class None implements Primer<Container> {
    private None() {}

    @Override
    public void prime(Container service) {
      throw new IllegalStateException("there is nothing to prime");
    }
  }
}
