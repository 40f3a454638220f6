package io.runcible.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.util.Hashtable;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import javax.naming.Context;
import javax.naming.NameNotFoundException;
import javax.naming.spi.InitialContextFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a server has by names. */
class ServerResourcesTest {
  private static final Map<String, Object> NAMES = new ConcurrentHashMap<>();

  /** A directory of names, as a server has it. */
  public static final class Directory implements InitialContextFactory {
    @Override
    public Context getInitialContext(Hashtable<?, ?> environment) {
      return (Context)
          Proxy.newProxyInstance(
              Directory.class.getClassLoader(),
              new Class<?>[] {Context.class},
              (proxy, method, arguments) -> {
                if (!method.getName().equals("lookup")) {
                  throw new UnsupportedOperationException(method.getName());
                }
                Object found = NAMES.get(String.valueOf(arguments[0]));
                if (found == null) {
                  throw new NameNotFoundException(String.valueOf(arguments[0]));
                }
                return found;
              });
    }
  }

  @BeforeEach
  void setUp() {
    System.setProperty(Context.INITIAL_CONTEXT_FACTORY, Directory.class.getName());
  }

  @AfterEach
  void tearDown() {
    System.clearProperty(Context.INITIAL_CONTEXT_FACTORY);
    NAMES.clear();
  }

  private static Optional<Executor> find(Map<String, String> settings) {
    return ServerResources.find(
        new Settings(key -> Optional.ofNullable(settings.get(key))),
        "runcible.executor",
        "java:comp/DefaultManagedExecutorService",
        Executor.class);
  }

  @Test
  void isTheServersDefaultOrWhatTheSettingNames() {
    assertThat(find(Map.of())).isEmpty();
    Executor usual = Runnable::run;
    Executor own = task -> {};
    NAMES.put("java:comp/DefaultManagedExecutorService", usual);
    NAMES.put("java:app/own", own);
    assertThat(find(Map.of())).containsSame(usual);
    assertThat(find(Map.of("runcible.executor", "java:app/own"))).containsSame(own);
  }

  @Test
  void whatIsNotThereOrIsSomethingElseIsDoneWithout() {
    NAMES.put("java:app/text", "no executor");
    assertThat(find(Map.of("runcible.executor", "java:app/text"))).isEmpty();
    assertThat(find(Map.of("runcible.executor", "java:app/nothing"))).isEmpty();
  }

  @Test
  void threadsAreThoseOfTheServersFactory() {
    ThreadFactory server = task -> new Thread(task) {};
    NAMES.put("java:comp/DefaultManagedThreadFactory", server);
    Thread thread = ManagedThreads.of(new Settings(key -> Optional.empty())).newThread(() -> {});
    assertThat(thread.getClass()).isNotEqualTo(Thread.class);
  }
}
