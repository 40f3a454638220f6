package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Collected;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class OwnedThreadsTest {
  /** What an application runs when it is the first to need a thread. */
  public static final class Caller implements Function<ThreadFactory, Thread> {
    private static final InheritableThreadLocal<Object> OWN = new InheritableThreadLocal<>();
    private final CountDownLatch end;

    /** One whose thread ends when that is let go. */
    public Caller(CountDownLatch end) {
      this.end = end;
    }

    @Override
    public Thread apply(ThreadFactory threads) {
      ClassLoader before = Thread.currentThread().getContextClassLoader();
      Thread.currentThread().setContextClassLoader(Caller.class.getClassLoader());
      OWN.set(this);
      try {
        Thread thread = threads.newThread(new Waiting(end));
        thread.start();
        return thread;
      } finally {
        OWN.remove();
        Thread.currentThread().setContextClassLoader(before);
      }
    }
  }

  /** The work, which is not the application's. */
  public record Waiting(CountDownLatch end) implements Runnable {
    @Override
    public void run() {
      try {
        end.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Has the caller by itself, and all else from this test. */
  private static final class Application extends ClassLoader {
    Application() {
      super(OwnedThreadsTest.class.getClassLoader());
    }

    @SuppressWarnings("unchecked")
    Function<ThreadFactory, Thread> caller(CountDownLatch end)
        throws IOException, ReflectiveOperationException {
      String name = Caller.class.getName();
      try (InputStream file = Caller.class.getResourceAsStream("OwnedThreadsTest$Caller.class")) {
        byte[] code = file.readAllBytes();
        return (Function<ThreadFactory, Thread>)
            defineClass(name, code, 0, code.length)
                .getConstructor(CountDownLatch.class)
                .newInstance(end);
      }
    }
  }

  private static WeakReference<ClassLoader> call(
      ThreadFactory threads, CountDownLatch end, List<Thread> made) throws Exception {
    Application application = new Application();
    made.add(application.caller(end).apply(threads));
    return new WeakReference<>(application);
  }

  @Test
  void threadKeepsNothingOfTheApplicationThatNeededItFirst() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    List<Thread> made = new ArrayList<>();
    try {
      Collected.await(List.of(call(new OwnedThreads("test-"), end, made)));
      assertThat(made)
          .singleElement()
          .satisfies(
              thread -> {
                assertThat(thread.isAlive()).isTrue();
                assertThat(thread.isDaemon()).isTrue();
                assertThat(thread.getName()).isEqualTo("test-1");
                assertThat(thread.getContextClassLoader())
                    .isSameAs(Thread.currentThread().getContextClassLoader());
              });
    } finally {
      end.countDown();
      for (Thread thread : made) {
        thread.join();
      }
    }
  }
}
