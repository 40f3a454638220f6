package io.runcible.layout;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.IsolatedLoader;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class LayoutLockTest {
  @TempDir Path directory;

  @Test
  @EnabledOnOs(OS.LINUX)
  void isHadAlsoWhileAnotherJvmWaitsForAnotherThreadOfThisOne() throws Exception {
    Path root = Files.createDirectory(directory.resolve("theirs"));
    Path ours = directory.resolve("ours");
    LayoutLock lock = new LayoutLock(root);
    assertThat(
            CrosswiseJvm.<String>whileWaitingCrosswise(
                root.resolve(LayoutLock.FILE_NAME), ours, () -> lock.locked(() -> "had")))
        .isEqualTo("had");
  }

  /** Two applications of a server, each with the library in it. */
  @Test
  void isWaitedForByWhoHasTheLibraryFromAnotherClassLoader() throws Exception {
    Path root = directory.toRealPath();
    try (IsolatedLoader loader = new IsolatedLoader("nothing")) {
      FutureTask<Object> other = new FutureTask<>(() -> locked(loader, root));
      Thread thread = new Thread(other);
      boolean early =
          new LayoutLock(root)
              .locked(
                  () -> {
                    thread.start();
                    while (thread.isAlive() && thread.getState() != Thread.State.TIMED_WAITING) {
                      Thread.onSpinWait();
                    }
                    return other.isDone();
                  });
      assertThat(other.get()).isEqualTo("had");
      assertThat(early).isFalse();
    }
  }

  private static Object locked(ClassLoader loader, Path root) throws Exception {
    Class<?> type = loader.loadClass(LayoutLock.class.getName());
    Class<?> action = loader.loadClass(LayoutLock.Action.class.getName());
    Constructor<?> constructor = type.getDeclaredConstructor(Path.class);
    Method locked = type.getDeclaredMethod("locked", action);
    constructor.setAccessible(true);
    locked.setAccessible(true);
    Object had =
        Proxy.newProxyInstance(loader, new Class<?>[] {action}, (proxy, method, no) -> "had");
    return locked.invoke(constructor.newInstance(root), had);
  }
}
