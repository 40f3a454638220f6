package io.runcible.jakarta;

import java.util.Optional;
import java.util.function.Function;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;

/** The settings of MicroProfile Config. Loaded only where that is present. */
final class MicroProfileSettings {
  private MicroProfileSettings() {}

  /** Empty where there is the interface without an implementation. */
  static Optional<Function<String, Optional<String>>> find() {
    try {
      Config config = ConfigProvider.getConfig();
      return Optional.of(key -> config.getOptionalValue(key, String.class));
    } catch (IllegalStateException e) {
      return Optional.empty();
    }
  }
}
