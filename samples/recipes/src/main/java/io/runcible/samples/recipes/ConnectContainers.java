package io.runcible.samples.recipes;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.network.Network;
import io.runcible.network.NetworkSpec;

/** Two containers on a network, and a port of the host. */
public final class ConnectContainers {
  private ConnectContainers() {}

  /** Runs a database and a program that finds it as {@code db}, until the program ends. */
  public static void main(String[] args) {
    try (ContainerEngine engine = ContainerEngine.create()) {
      engine.networks().create(NetworkSpec.builder("shop").build());
      Network shop = Network.named("shop");
      try (Container db =
              engine.run(
                  ContainerSpec.builder("postgres:16").network(shop.withAlias("db")).build());
          Container web =
              engine.run(
                  ContainerSpec.builder("registry.example/shop:1")
                      .network(shop)
                      .publish(8080)
                      .build())) {
        System.out.println(db.id() + " serves " + web.hostAddress(8080));
        web.waitFor();
      }
    }
  }
}
