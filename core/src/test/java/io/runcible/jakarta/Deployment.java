package io.runcible.jakarta;

import jakarta.enterprise.context.control.RequestContextController;
import jakarta.enterprise.inject.Instance;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.UnaryOperator;

/**
 * The application in a CDI container. Made in a class loader of its own, and spoken to in words:
 * what each of them does is below.
 */
abstract class Deployment implements UnaryOperator<String>, AutoCloseable {
  /** The property that names one more bean. */
  static final String MORE = "test.bean";

  /** The archive of the application. */
  static List<Class<?>> beanClasses() {
    List<Class<?>> beans =
        new ArrayList<>(
            List.of(
                Probe.class,
                Probe.Owner.class,
                Probe.Other.class,
                Probe.OfRequest.class,
                Probe.AlsoOfRequest.class));
    String more = System.getProperty(MORE);
    if (more != null) {
      try {
        beans.add(Class.forName(more));
      } catch (ClassNotFoundException e) {
        throw new IllegalStateException(e);
      }
    }
    return beans;
  }

  /** All that the application has. */
  abstract Instance<Object> beans();

  @Override
  public String apply(String what) {
    Probe probe = beans().select(Probe.class).get();
    return switch (what) {
      case "engine" -> String.valueOf(probe.sharesTheEngine());
      case "owner" -> probe.runsForItsOwner();
      case "application" -> String.valueOf(probe.sharesTheContainer());
      case "sandbox" -> probe.runsInASandbox();
      case "usual sandbox" -> probe.runsInTheUsualSandbox();
      case "busy" -> String.valueOf(probe.isBusy());
      case "request" -> inRequest(probe);
      case "port" -> probe.port();
      case "config" -> MicroProfileProbe.setting("runcible.container.web.url.8080");
      case "health" -> MicroProfileProbe.health(beans());
      case "end" -> done(probe::endTheContainer);
      case "fail" -> done(probe::failsToStart);
      case "unset" -> done(probe::needsASetting);
      case "usual" -> done(probe::needsTheUsualSandbox);
      case "name" -> done(probe::usesANameAgain);
      default -> throw new IllegalArgumentException(what);
    };
  }

  /** As a server does it, on a thread that has none: the one that started the container may. */
  private String inRequest(Probe probe) {
    FutureTask<String> request =
        new FutureTask<>(
            () -> {
              RequestContextController context =
                  beans().select(RequestContextController.class).get();
              if (!context.activate()) {
                throw new IllegalStateException("a request goes on");
              }
              try {
                return probe.idsInOneRequest();
              } finally {
                context.deactivate();
              }
            });
    new Thread(request).start();
    try {
      return request.get();
    } catch (ExecutionException | InterruptedException e) {
      throw new IllegalStateException("the request failed", e);
    }
  }

  /** The message of what went wrong, wherever the container put it. */
  private static String done(Runnable step) {
    try {
      step.run();
      return "done";
    } catch (RuntimeException e) {
      StringBuilder messages = new StringBuilder();
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        messages.append(cause.getMessage()).append('\n');
      }
      return messages.toString();
    }
  }

  @Override
  public abstract void close();
}
