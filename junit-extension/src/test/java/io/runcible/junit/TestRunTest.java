package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.ExtensionContext.StoreScope;

/** Where what the whole run shares is kept. */
class TestRunTest {
  private static final Store OF_SESSION = store();
  private static final Store OF_ROOT = store();

  private static Store store() {
    return (Store)
        Proxy.newProxyInstance(
            TestRunTest.class.getClassLoader(),
            new Class<?>[] {Store.class},
            (proxy, method, arguments) -> {
              throw new AssertionError(method + " is not called");
            });
  }

  /** Of a platform that has a store for its session, or one that is older than such stores. */
  private static ExtensionContext context(boolean hasSessions) {
    return (ExtensionContext)
        Proxy.newProxyInstance(
            TestRunTest.class.getClassLoader(),
            new Class<?>[] {ExtensionContext.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("getRoot")) {
                return proxy;
              }
              assertThat(method.getName()).isEqualTo("getStore");
              if (arguments.length == 1) {
                return OF_ROOT;
              }
              assertThat(arguments[0]).isEqualTo(StoreScope.LAUNCHER_SESSION);
              if (hasSessions) {
                return OF_SESSION;
              }
              throw new NoSuchMethodError("getStore");
            });
  }

  @Test
  void storeIsThatOfTheSessionOrElseOfTheRoot() {
    assertThat((Object) TestRun.store(context(true))).isSameAs(OF_SESSION);
    assertThat((Object) TestRun.store(context(false))).isSameAs(OF_ROOT);
  }
}
