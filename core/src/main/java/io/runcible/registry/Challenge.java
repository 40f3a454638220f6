package io.runcible.registry;

import java.util.Map;
import java.util.Optional;

/**
 * One way of authentication that a server offers (RFC 9110, section 11.3).
 *
 * @param scheme the scheme in lower case
 * @param parameters the parameters by lower-case name; unmodifiable
 */
record Challenge(String scheme, Map<String, String> parameters) {
  static final String BASIC = "basic";
  static final String BEARER = "bearer";

  Challenge {
    parameters = Map.copyOf(parameters);
  }

  Optional<String> parameter(String name) {
    return Optional.ofNullable(parameters.get(name));
  }
}
