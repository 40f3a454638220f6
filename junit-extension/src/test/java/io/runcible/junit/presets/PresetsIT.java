package io.runcible.junit.presets;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerProcess;
import io.runcible.engine.ExitStatus;
import io.runcible.junit.EnabledIfContainersAvailable;
import io.runcible.junit.TestRegistry;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.URLConnection;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Base64;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Presets whose images the host's own packages make. */
@EnabledIfContainersAvailable
class PresetsIT {
  @RegisterExtension
  @Order(0)
  static final TestRegistry REGISTRY = TestRegistry.serve();

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @RegisterExtension static final Redis REDIS = Redis.of(REGISTRY.host() + "/test:redis");

  /** The image with an entry point that does what that of the usual image does. */
  @RegisterExtension
  static final Postgres POSTGRES =
      Postgres.of(REGISTRY.host() + "/test:postgres")
          .database("shop")
          .user("owner", "secret")
          .file("presets/postgres-entrypoint", "/entrypoint")
          .with(spec -> spec.memory("512m").entrypoint("sh", "/entrypoint"));

  /**
   * The image as it is, with the user and the database of the packages and no password; it declares
   * the directory of the database as a volume.
   */
  @RegisterExtension
  static final Postgres PRIMED =
      Postgres.of(REGISTRY.host() + "/test:postgres")
          .named("primed")
          .database("postgres")
          .user("postgres", "unused")
          .with(spec -> spec.memory("512m"))
          .prime("PresetsIT " + UUID.randomUUID(), PresetsIT::fill);

  @RegisterExtension
  static final MariaDb MARIADB =
      MariaDb.of(REGISTRY.host() + "/test:mariadb").database("shop").user("owner", "secret");

  @RegisterExtension
  static final RabbitMq RABBITMQ =
      RabbitMq.of(REGISTRY.host() + "/test:rabbitmq")
          .user("guest2", "secret")
          .file("presets/enabled_plugins", "/etc/rabbitmq/enabled_plugins");

  /** Starts all at the same time. */
  @RegisterExtension
  @Order(1)
  static final Nginx NGINX =
      Nginx.of(REGISTRY.host() + "/test:nginx")
          .file("files/greeting.txt", "/var/www/html/greeting.txt")
          .dependsOn(REDIS, POSTGRES, PRIMED, MARIADB, RABBITMQ);

  private static void fill(Postgres postgres) throws SQLException {
    try (Connection connection = connect(postgres);
        Statement statement = connection.createStatement()) {
      statement.execute("create table filled as select generate_series(1, 1000) n");
    }
  }

  private static Connection connect(Postgres postgres) throws SQLException {
    return DriverManager.getConnection(postgres.jdbcUrl(), postgres.user(), postgres.password());
  }

  @AfterAll
  static void removeState() {
    try (ContainerEngine engine = ContainerEngine.create()) {
      engine.images().remove(PRIMED.container().image().toString());
    }
  }

  @Test
  void postgresHasItsDatabaseAndItsUser() throws SQLException {
    try (Connection connection = connect(POSTGRES);
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("select current_database(), current_user")) {
      assertThat(result.next()).isTrue();
      assertThat(result.getString(1)).isEqualTo("shop");
      assertThat(result.getString(2)).isEqualTo("owner");
    }
    assertThatThrownBy(() -> DriverManager.getConnection(POSTGRES.jdbcUrl(), "owner", "wrong"))
        .hasMessageContaining("password authentication failed");
    // The first of them by the server that fills it, for which nobody may take this one.
    assertThat(POSTGRES.container().logs().text().split("ready to accept connections", -1))
        .hasSize(3);
    assertThat(POSTGRES.r2dbcUrl()).startsWith("r2dbc:postgresql://127.0.0.1:");
  }

  @Test
  void primedPostgresHasWhatItWasFilledWith() throws SQLException {
    try (Connection connection = connect(PRIMED);
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("select count(*) from filled")) {
      assertThat(result.next()).isTrue();
      assertThat(result.getInt(1)).isEqualTo(1000);
    }
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

  @Test
  void nginxServesPages() throws IOException {
    try (InputStream page = NGINX.url("/greeting.txt").toURL().openStream()) {
      assertThat(new String(page.readAllBytes(), UTF_8)).contains("said the class path.");
    }
  }

  @Test
  void mariaDbHasItsDatabaseAndItsUser() {
    String[] question = {
      "mariadb", "-h127.0.0.1", "-uowner", "-psecret", "-Ne", "select 6 * 7, database()", "shop"
    };
    assertThat(answer(MARIADB.container(), question)).isEqualTo("42\tshop");
    assertThat(MARIADB.jdbcUrl())
        .isEqualTo("jdbc:mariadb://127.0.0.1:" + MARIADB.hostPort(3306) + "/shop");
  }

  private static String answer(Container container, String... command) {
    try (ContainerProcess process = container.exec(command)) {
      assertThat(process.waitFor(PATIENCE).map(ExitStatus::code)).contains(0);
      return new String(process.stdout().readAllBytes(), UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The answer to Connection.StartOk of AMQP 0-9-1 is Connection.Tune, if the user is known. */
  @Test
  void rabbitMqKnowsItsUser() throws IOException {
    assertThat(logIn(RABBITMQ.user(), RABBITMQ.password())).isEqualTo(30);
    assertThat(logIn(RABBITMQ.user(), "wrong")).isNotEqualTo(30);
    assertThat(RABBITMQ.amqpUrl()).isEqualTo("amqp://127.0.0.1:" + RABBITMQ.hostPort(5672));
  }

  @Test
  void rabbitMqIsManaged() throws IOException {
    URLConnection request =
        URI.create(RABBITMQ.managementUrl() + "/api/whoami").toURL().openConnection();
    String login = RABBITMQ.user() + ":" + RABBITMQ.password();
    request.setRequestProperty(
        "Authorization", "Basic " + Base64.getEncoder().encodeToString(login.getBytes(UTF_8)));
    try (InputStream answer = request.getInputStream()) {
      assertThat(new String(answer.readAllBytes(), UTF_8)).contains("\"guest2\"");
    }
  }

  private static int logIn(String user, String password) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", RABBITMQ.hostPort(5672))) {
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      DataInputStream in = new DataInputStream(socket.getInputStream());
      out.write("AMQP\0\0\11\1".getBytes(ISO_8859_1));
      assertThat(method(in)).isEqualTo(10);
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      DataOutputStream frame = new DataOutputStream(bytes);
      frame.write(new byte[] {0, 10, 0, 11, 0, 0, 0, 0});
      frame.write("\5PLAIN".getBytes(ISO_8859_1));
      String response = "\0" + user + "\0" + password;
      frame.writeInt(response.length());
      frame.write(response.getBytes(ISO_8859_1));
      frame.write("\5en_US".getBytes(ISO_8859_1));
      out.write(new byte[] {1, 0, 0});
      out.writeInt(bytes.size());
      bytes.writeTo(out);
      out.write(0xce);
      return method(in);
    } catch (SocketException e) {
      return 0;
    }
  }

  /** The method of the next frame; 0 if the connection ends instead. */
  private static int method(DataInputStream in) throws IOException {
    byte[] header = in.readNBytes(3);
    if (header.length < 3) {
      return 0;
    }
    int size = in.readInt();
    in.readUnsignedShort();
    int method = in.readUnsignedShort();
    in.readNBytes(size - 4 + 1);
    return method;
  }
}
