package io.runcible.junit.presets;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.AbstractContainerExtension;
import io.runcible.junit.ServiceConnection;
import io.runcible.junit.ServiceConnection.Kind;
import java.util.Optional;

/**
 * A MongoDB server without authentication, and without a replica set, which transactions and change
 * streams would need. It is ready when it says so in its log, and listens.
 */
public final class MongoDb extends AbstractContainerExtension<MongoDb> {
  private static final int PORT = 27017;

  private final String image;

  private MongoDb(String image) {
    super("mongodb");
    this.image = image;
  }

  /** A server that stands alone. */
  public static MongoDb of(String image) {
    return new MongoDb(image);
  }

  @Override
  protected ContainerSpec spec(ContainerEngine engine) {
    return ContainerSpec.builder(image).publish(PORT).build();
  }

  @Override
  protected Optional<Ready> defaultReady(ContainerSpec spec) {
    return Optional.of(Ready.all(Ready.onLog("(?i)waiting for connections"), Ready.onPort(PORT)));
  }

  @Override
  protected Optional<ServiceConnection> connection() {
    return Optional.of(new ServiceConnection(Kind.MONGODB, url("test"), "", ""));
  }

  /** {@code mongodb://host:port/database}. */
  public String url(String database) {
    return "mongodb://" + address(PORT) + "/" + database;
  }
}
