package io.runcible.samples.junit;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.engine.Container;
import io.runcible.junit.Primer;
import java.io.IOException;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/**
 * Fills a database once. The result is kept, for later test runs, too, until the image, the
 * resource or this class changes; each container that is primed with it begins with a copy.
 */
public final class LoadSchema implements Primer<Container> {
  private static final String SCHEMA = "schema.sql";

  @Override
  public void prime(Container db) throws IOException, SQLException {
    into("jdbc:postgresql://127.0.0.1:" + db.hostPort(5432) + "/postgres?user=postgres");
  }

  /** Whatever the state depends on: when it changes, the database is filled anew. */
  @Override
  public List<String> resources() {
    return List.of(SCHEMA);
  }

  static void into(String url) throws IOException, SQLException {
    try (InputStream schema = LoadSchema.class.getResourceAsStream("/" + SCHEMA);
        Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      statement.execute(new String(schema.readAllBytes(), UTF_8));
    }
  }
}
