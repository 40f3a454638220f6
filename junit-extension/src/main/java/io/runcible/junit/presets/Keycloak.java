package io.runcible.junit.presets;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.AbstractContainerExtension;
import java.time.Duration;
import java.util.Optional;

/**
 * A Keycloak server in its mode for development, in which it builds itself anew at each start. It
 * is ready when it serves the master realm.
 */
public final class Keycloak extends AbstractContainerExtension<Keycloak> {
  private static final int PORT = 8080;

  /** It compiles itself first: two minutes on two busy cores. One that fails ends earlier. */
  private static final Duration LIMIT = Duration.ofMinutes(5);

  private final String image;
  private String user = "admin";
  private String password = "admin";

  private Keycloak(String image) {
    super("keycloak");
    this.image = image;
  }

  /** With administrator and password {@code admin}. */
  public static Keycloak of(String image) {
    return new Keycloak(image);
  }

  /** Another administrator. */
  public Keycloak administrator(String name, String itsPassword) {
    user = name;
    password = itsPassword;
    return this;
  }

  /** The variables have other names from version 26 on. */
  @Override
  protected ContainerSpec spec(ContainerEngine engine) {
    return ContainerSpec.builder(image)
        .command("start-dev")
        .environment("KC_BOOTSTRAP_ADMIN_USERNAME", user)
        .environment("KC_BOOTSTRAP_ADMIN_PASSWORD", password)
        .environment("KEYCLOAK_ADMIN", user)
        .environment("KEYCLOAK_ADMIN_PASSWORD", password)
        .publish(PORT)
        .build();
  }

  @Override
  protected Optional<Ready> defaultReady(ContainerSpec spec) {
    return Optional.of(Ready.onHttp(PORT, "/realms/master").within(LIMIT));
  }

  /** The administrator. */
  public String user() {
    return user;
  }

  /** Its password. */
  public String password() {
    return password;
  }

  /** {@code http://host:port}. */
  public String url() {
    return "http://" + address(PORT);
  }

  /** The issuer of the tokens of a realm. */
  public String issuer(String realm) {
    return url() + "/realms/" + realm;
  }
}
