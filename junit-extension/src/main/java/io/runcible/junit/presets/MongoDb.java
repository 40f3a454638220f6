package io.runcible.junit.presets;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.AbstractContainerExtension;
import io.runcible.junit.ServiceConnection;
import io.runcible.junit.ServiceConnection.Kind;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/**
 * A MongoDB server without authentication: a replica set of one, as transactions and change streams
 * need it. It is ready when it is the primary, which the shell of the image makes it, {@code
 * mongosh} or {@code mongo}, and not before the scripts in {@code /docker-entrypoint-initdb.d} have
 * ended. {@code MONGO_INITDB_ROOT_USERNAME} and {@code MONGO_INITDB_ROOT_PASSWORD} fail the test: a
 * replica set with users needs a key file.
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
          + "'}]}}); var now = ask({isMaster: 1}); quit(now.setName && now.ismaster ? 0 : 1)";

  /**
   * Not on 127.0.0.1: there the entry point has a server for the scripts, which is of no set and
   * ends with them. The name of the host is another address on each kind of network.
   */
  static final String ASK =
      "exec \"$(command -v mongosh || command -v mongo)\" --quiet --host \"$(uname -n)\" --port "
          + PORT
          + " --eval \"$0\"";

  /** Of the variables that give the entry point a user to make, or a file with one. */
  private static final String USER = "MONGO_INITDB_ROOT_";

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
  protected ContainerSpec complete(ContainerSpec spec) {
    for (String variable : spec.environment().keySet()) {
      if (variable.startsWith(USER)) {
        throw new ExtensionConfigurationException(
            "the preset MongoDb is a replica set without users, which would need a key file: leave "
                + variable
                + " out, or use ContainerExtension");
      }
    }
    return spec;
  }

  @Override
  protected Optional<Ready> defaultReady(ContainerSpec spec) {
    return Optional.of(ready());
  }

  static Ready ready() {
    return Ready.onCommand("sh", "-c", ASK, BECOME_PRIMARY).within(Duration.ofMinutes(2));
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
