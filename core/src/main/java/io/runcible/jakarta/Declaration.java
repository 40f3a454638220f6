package io.runcible.jakarta;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.network.PortBinding;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;

/** What a {@link FromImage} says, with the settings of the application. */
final class Declaration {
  private final FromImage wanted;
  private final Settings settings;

  Declaration(FromImage wanted, Settings settings) {
    this.wanted = wanted;
    this.settings = settings;
  }

  /** Starts a container and waits until it is ready; nothing is left of one that is not. */
  Container start(ContainerEngine engine) {
    ContainerSpec spec = spec();
    Container container = engine.run(spec);
    try {
      ready(spec)
          .map(ready -> ready.within(Duration.ofSeconds(wanted.readySeconds())))
          .ifPresent(container::awaitReady);
      return container;
    } catch (RuntimeException e) {
      try {
        container.close();
      } catch (RuntimeException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  ContainerSpec spec() {
    ContainerSpec.Builder spec = ContainerSpec.builder(settings.resolve(wanted.value()));
    if (wanted.command().length > 0) {
      spec.command(Arrays.stream(wanted.command()).map(settings::resolve).toArray(String[]::new));
    }
    for (String variable : wanted.environment()) {
      addVariable(spec, variable);
    }
    for (String port : wanted.ports()) {
      PortBinding.parse(port).forEach(spec::publish);
    }
    if (!wanted.user().isEmpty()) {
      spec.user(wanted.user());
    }
    if (!wanted.memory().isEmpty()) {
      spec.memory(wanted.memory());
    }
    if (wanted.cpus() != 0) {
      spec.cpus(wanted.cpus());
    }
    if (wanted.pids() != 0) {
      spec.pids(wanted.pids());
    }
    return spec.build();
  }

  private void addVariable(ContainerSpec.Builder spec, String variable) {
    int equals = variable.indexOf('=');
    if (equals <= 0) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "'" + variable + "' in the environment of " + wanted.value() + " is not KEY=value");
    }
    spec.environment(
        variable.substring(0, equals), settings.resolve(variable.substring(equals + 1)));
  }

  private Optional<Ready> ready(ContainerSpec spec) {
    if (!wanted.readyLog().isEmpty()) {
      return Optional.of(Ready.onLog(wanted.readyLog()));
    }
    return spec.ports().stream()
        .filter(port -> port.protocol() == PortBinding.Protocol.TCP)
        .map(port -> Ready.onPort(port.containerPort()))
        .reduce(Ready::all);
  }
}
