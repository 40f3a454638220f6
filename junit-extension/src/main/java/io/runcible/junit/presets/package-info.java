/**
 * Services that tests often want, each with its readiness and with accessors for what a client
 * needs: a URL, a user, a password. They work with images that take the settings of the usual image
 * of that service, and are registered like a {@link io.runcible.junit.ContainerExtension}:
 *
 * <pre>{@code
 * @RegisterExtension
 * static final Postgres db = Postgres.of("postgres:16").database("shop");
 *
 * @Test
 * void connects() throws SQLException {
 *   DriverManager.getConnection(db.jdbcUrl(), db.user(), db.password()).close();
 * }
 * }</pre>
 *
 * <p>Passwords are for tests, and ports are published on the loopback device only. All are tested
 * with images of our own, of the servers of Debian's packages and of Maven Central, whose entry
 * points do what those of the usual images are documented to do; but for {@link
 * io.runcible.junit.presets.MySql}, {@link io.runcible.junit.presets.MongoDb} and {@link
 * io.runcible.junit.presets.Elasticsearch}, which follow the documentation of their images and have
 * not been run with their servers. Of MongoDb, the clients' side is tested with another server of
 * its protocol.
 */
@NullMarked
package io.runcible.junit.presets;

import org.jspecify.annotations.NullMarked;
