package io.runcible.junit.presets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.ContainerEngine;
import io.runcible.junit.EnabledIfContainersAvailable;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Presets whose images the host's own packages make. */
@EnabledIfContainersAvailable
class PresetsIT {
  private static final RegistryServer REGISTRY = serve();

  @RegisterExtension static final Redis REDIS = Redis.of(REGISTRY.host() + "/test:redis");

  /** The test image has the user and the database of the packages, and asks for no password. */
  @RegisterExtension
  static final Postgres POSTGRES =
      Postgres.of(REGISTRY.host() + "/test:postgres")
          .database("postgres")
          .user("postgres", "unused")
          .with(spec -> spec.memory("512m"));

  private static RegistryServer serve() {
    try {
      Process build = new ProcessBuilder("../core/src/test/images/build").start();
      build.getOutputStream().close();
      String output = new String(build.getInputStream().readAllBytes(), UTF_8).strip();
      Path images = Path.of(output.substring(output.lastIndexOf('\n') + 1));
      return RegistryServer.serve(ImageLayout.open(images.resolve("layout"))).start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterAll
  static void end() {
    REGISTRY.close();
    try (ContainerEngine engine = ContainerEngine.create()) {
      engine.images().remove(REDIS.container().image().toString());
      engine.images().remove(POSTGRES.container().image().toString());
    }
  }

  @Test
  void postgresAnswersADriver() throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(POSTGRES.jdbcUrl(), POSTGRES.user(), POSTGRES.password());
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("select 6 * 7")) {
      assertThat(result.next()).isTrue();
      assertThat(result.getInt(1)).isEqualTo(42);
    }
    assertThat(POSTGRES.r2dbcUrl()).startsWith("r2dbc:postgresql://127.0.0.1:");
  }

  @Test
  void redisAnswersAClient() throws IOException {
    try (Socket socket = new Socket(REDIS.host(), REDIS.port())) {
      socket.getOutputStream().write("SET key value\r\nGET key\r\n".getBytes(UTF_8));
      assertThat(new String(socket.getInputStream().readNBytes(16), UTF_8))
          .isEqualTo("+OK\r\n$5\r\nvalue\r\n");
    }
    assertThat(REDIS.url()).isEqualTo("redis://127.0.0.1:" + REDIS.port());
  }
}
