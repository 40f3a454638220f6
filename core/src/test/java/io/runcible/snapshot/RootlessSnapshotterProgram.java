package io.runcible.snapshot;

import io.runcible.ffi.PrivilegedHost;
import io.runcible.store.LocalStore;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The contract of snapshotters, run by an ordinary user: the main class of a second JVM, which says
 * on its output how each test ended.
 */
public final class RootlessSnapshotterProgram implements SnapshotterContract {
  private final Path root;
  private final PrivilegedHost host;
  private final boolean copy;

  private RootlessSnapshotterProgram(Path root, PrivilegedHost host, boolean copy) {
    this.root = root;
    this.host = host;
    this.copy = copy;
  }

  @Override
  public Path root() {
    return root;
  }

  @Override
  public PrivilegedHost host() {
    return host;
  }

  @Override
  public Snapshotter snapshotter(LocalStore store) {
    return copy ? Snapshotter.copy(store, host) : Snapshotter.overlay(store, host);
  }

  public static void main(String[] args) throws IOException {
    Path directory = Path.of(args[0]);
    List<Method> tests =
        Arrays.stream(SnapshotterContract.class.getMethods())
            .filter(method -> method.isAnnotationPresent(Test.class))
            .toList();
    try (PrivilegedHost host = PrivilegedHost.open()) {
      for (boolean copy : new boolean[] {false, true}) {
        for (Method test : tests) {
          String name = (copy ? "copy " : "overlay ") + test.getName();
          Path root = directory.resolve(name.replace(' ', '-'));
          System.out.println(name + ": " + run(test, root, host, copy));
          host.removeTree(root);
        }
      }
    }
  }

  private static String run(Method test, Path root, PrivilegedHost host, boolean copy) {
    try {
      test.invoke(new RootlessSnapshotterProgram(root, host, copy));
      return "fine";
    } catch (InvocationTargetException e) {
      return String.valueOf(e.getCause()).replace('\n', ' ');
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }
}
