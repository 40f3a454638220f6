package io.runcible.jakarta;

import io.runcible.IsolatedLoader;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;

/** Runs applications as a server does: each with classes of its own, all on the same thread. */
final class Server implements AutoCloseable {
  private final ExecutorService threads =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "request");
            thread.setDaemon(true);
            return thread;
          });

  /** Shared by the applications in Weld; others have all by themselves. */
  private final IsolatedLoader libraries =
      new IsolatedLoader(Cdi.WELD.without + "|test(-classes)?$");

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
    private final URLClassLoader loader;
    private UnaryOperator<String> deployment;

    private Application(URLClassLoader loader, UnaryOperator<String> deployment) {
      this.loader = loader;
      this.deployment = deployment;
    }

    String ask(String what) {
      return run(loader, () -> deployment.apply(what));
    }

    /** Stops it, and forgets it. */
    WeakReference<ClassLoader> undeploy() throws IOException {
      WeakReference<ClassLoader> reference = new WeakReference<>(loader);
      close();
      return reference;
    }

    @Override
    public void close() throws IOException {
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
  Application deploy(Cdi cdi, Path archive) throws IOException {
    URLClassLoader loader =
        cdi == Cdi.WELD
            ? new URLClassLoader(new URL[] {archive.toUri().toURL()}, libraries)
            : new IsolatedLoader(cdi.without, archive);
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
  public void close() throws IOException {
    threads.shutdown();
    libraries.close();
  }
}
