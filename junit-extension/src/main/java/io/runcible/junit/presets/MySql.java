package io.runcible.junit.presets;

/**
 * A MySQL server. The image takes {@code MYSQL_DATABASE}, {@code MYSQL_USER}, {@code
 * MYSQL_PASSWORD} and {@code MYSQL_ROOT_PASSWORD}. It is ready when it greets a client; the server
 * that only fills the database before listens to nobody.
 */
public final class MySql extends MySqlServer<MySql> {
  private MySql(String image) {
    super("mysql", "MYSQL", image);
  }

  /** With database, user and password {@code test}; root has the same password. */
  public static MySql of(String image) {
    return new MySql(image);
  }
}
