package io.runcible.jakarta;

import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;

/** Runs applications as a server does: each with its classes, all on the same threads. */
final class Server implements AutoCloseable {
  private final ExecutorService threads =
      Executors.newSingleThreadExecutor(task -> new Thread(task, "request"));

  /** One of the implementations of CDI. */
  enum Cdi {
    WELD("arc-|openwebbeans|xbean", "SeDeployment"),
    OPEN_WEB_BEANS("arc-|weld", "SeDeployment"),
    OPEN_WEB_BEANS_ALONE("arc-|weld|smallrye-config|microprofile", "SeDeployment"),
    ARC("weld|openwebbeans|xbean", "ArcDeployment");

    private final String without;
    private final String deployment;

    Cdi(String without, String deployment) {
      this.without = without;
      this.deployment = deployment;
    }
  }

  /** An application that runs. */
  final class Application implements AutoCloseable {
    private final IsolatedLoader loader;
    private UnaryOperator<String> deployment;

    private Application(IsolatedLoader loader, UnaryOperator<String> deployment) {
      this.loader = loader;
      this.deployment = deployment;
    }

    String ask(String what) {
      return run(loader, () -> deployment.apply(what));
    }

    /** Stops it, and forgets it. */
    WeakReference<ClassLoader> undeploy() throws Exception {
      WeakReference<ClassLoader> reference = new WeakReference<>(loader);
      close();
      return reference;
    }

    @Override
    public void close() throws Exception {
      if (deployment != null) {
        run(
            loader,
            () -> {
              ((AutoCloseable) deployment).close();
              return null;
            });
        deployment = null;
        loader.close();
      }
    }
  }

  @SuppressWarnings("unchecked")
  Application deploy(Cdi cdi, Path archive) {
    IsolatedLoader loader = new IsolatedLoader(cdi.without, archive);
    return new Application(
        loader,
        run(
            loader,
            () -> {
              var constructor =
                  loader
                      .loadClass(Server.class.getPackageName() + "." + cdi.deployment)
                      .getDeclaredConstructor();
              constructor.setAccessible(true);
              return (UnaryOperator<String>) constructor.newInstance();
            }));
  }

  private <T> T run(ClassLoader loader, Callable<T> work) {
    try {
      return threads
          .submit(
              () -> {
                Thread thread = Thread.currentThread();
                ClassLoader before = thread.getContextClassLoader();
                thread.setContextClassLoader(loader);
                try {
                  return work.call();
                } finally {
                  thread.setContextClassLoader(before);
                }
              })
          .get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }

  @Override
  public void close() {
    threads.shutdown();
  }
}
