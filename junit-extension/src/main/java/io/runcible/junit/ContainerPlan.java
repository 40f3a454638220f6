package io.runcible.junit;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.RunContainer.Pull;
import io.runcible.network.Network;
import java.util.List;
import java.util.Optional;

/** A container to be started. */
interface ContainerPlan {
  /** What a container can refer to when it is about to be made. */
  interface Surroundings {
    ContainerEngine engine();

    /** One that is ready. */
    Container container(String name);

    /** The network of a name in the tests, there by now. */
    Network network(String name);
  }

  /** How tests call it. */
  String name();

  /** Names of others that are ready before. */
  List<String> dependsOn();

  /** Evaluated when the others are ready. */
  ContainerSpec spec(Surroundings surroundings);

  /** When it is ready; empty for at once. */
  Optional<Ready> ready(ContainerSpec spec);

  /** What is copied in before the start. */
  List<ClassPathFile> files(Surroundings surroundings);

  Pull pull();

  /** What it begins with; empty for what is in the image. */
  Optional<PrimedState> state();

  /** Empty for a container of its own. */
  String reuseKey(ContainerSpec spec);
}
