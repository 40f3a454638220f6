package io.runcible.samples.recipes;

import io.runcible.engine.Container;
import io.runcible.jakarta.FromImage;
import io.runcible.jakarta.InSandbox;
import io.runcible.sandbox.Sandbox;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;

/** A bean of a Jakarta EE application. */
@ApplicationScoped
class CodeRunner {
  @Inject
  @FromImage(
      value = "${cache.image:redis:7}",
      name = "cache",
      ports = "6379",
      scope = FromImage.Scope.APPLICATION)
  Container cache;

  @Inject
  @InSandbox(value = "python:3", memory = "128m", pids = 16, timeoutMillis = 5000)
  Sandbox sandbox;

  String run(String program) {
    return sandbox.run("python3", "-c", program) + ", cached on port " + cache.hostPort(6379);
  }
}
