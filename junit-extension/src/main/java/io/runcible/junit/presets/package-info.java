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
 * <p>Passwords are for tests, and ports are published on the loopback device only. {@link
 * io.runcible.junit.presets.Postgres}, {@link io.runcible.junit.presets.Redis}, {@link
 * io.runcible.junit.presets.MariaDb}, {@link io.runcible.junit.presets.RabbitMq} and {@link
 * io.runcible.junit.presets.Nginx} are tested with images made of Debian's packages, whose entry
 * points do what those of the usual images are documented to do; the others follow the
 * documentation of their images and have not been run.
 */
@NullMarked
package io.runcible.junit.presets;

import org.jspecify.annotations.NullMarked;
