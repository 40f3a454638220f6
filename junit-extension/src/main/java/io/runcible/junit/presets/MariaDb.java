package io.runcible.junit.presets;

/**
 * A MariaDB server. The image takes {@code MARIADB_DATABASE}, {@code MARIADB_USER}, {@code
 * MARIADB_PASSWORD} and {@code MARIADB_ROOT_PASSWORD}. It is ready when it greets a client; the
 * server that only fills the database before listens to nobody.
 */
public final class MariaDb extends MySqlServer<MariaDb> {
  private MariaDb(String image) {
    super("mariadb", "MARIADB", image);
  }

  /** With database, user and password {@code test}; root has the same password. */
  public static MariaDb of(String image) {
    return new MariaDb(image);
  }
}
