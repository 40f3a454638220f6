package io.runcible.junit.presets;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.AbstractContainerExtension;
import io.runcible.junit.ServiceConnection;
import io.runcible.junit.ServiceConnection.Kind;
import java.time.Duration;
import java.util.Optional;

/**
 * A MongoDB server without authentication: a replica set of one, as transactions and change streams
 * need it. It is ready when it is the primary, which the shell of the image makes it, {@code
 * mongosh} or {@code mongo}.
 */
public final class MongoDb extends AbstractContainerExtension<MongoDb> {
  private static final int PORT = 27017;
  private static final String SET = "rs0";

  /** For both shells, of which one throws what the other one returns. */
  private static final String BECOME_PRIMARY =
      "function ask(what) { try { return db.adminCommand(what) } catch (e) { return e } }"
          + " if (!ask({isMaster: 1}).setName) ask({replSetInitiate: {_id: '"
          + SET
          + "', members: [{_id: 0, host: 'localhost:"
          + PORT
          + "'}]}}); quit(ask({isMaster: 1}).ismaster ? 0 : 1)";

  private final String image;

  private MongoDb(String image) {
    super("mongodb");
    this.image = image;
  }

  /** A replica set of one. */
  public static MongoDb of(String image) {
    return new MongoDb(image);
  }

  @Override
  protected ContainerSpec spec(ContainerEngine engine) {
    return spec(image);
  }

  static ContainerSpec spec(String image) {
    return ContainerSpec.builder(image)
        .command("mongod", "--replSet", SET, "--bind_ip_all")
        .publish(PORT)
        .build();
  }

  @Override
  protected Optional<Ready> defaultReady(ContainerSpec spec) {
    return Optional.of(ready());
  }

  static Ready ready() {
    String shell = "exec \"$(command -v mongosh || command -v mongo)\" --quiet --eval \"$0\"";
    return Ready.onCommand("sh", "-c", shell, BECOME_PRIMARY).within(Duration.ofMinutes(2));
  }

  @Override
  protected Optional<ServiceConnection> connection() {
    return Optional.of(new ServiceConnection(Kind.MONGODB, url("test"), "", ""));
  }

  /**
   * {@code mongodb://host:port/database?directConnection=true}: what the set calls itself is of no
   * use outside of the container.
   */
  public String url(String database) {
    return "mongodb://" + address(PORT) + "/" + database + "?directConnection=true";
  }
}
