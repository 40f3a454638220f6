package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;

/** Finds the containers that other runs of this program left detached. */
final class Containers {
  private Containers() {}

  static Container require(ContainerEngine engine, String id) {
    return engine
        .find(id)
        .orElseThrow(
            () -> new RuncibleException(ErrorKind.NOT_FOUND, "there is no container '" + id + "'"));
  }
}
