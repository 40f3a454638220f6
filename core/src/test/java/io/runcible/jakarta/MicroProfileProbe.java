package io.runcible.jakarta;

import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import org.eclipse.microprofile.config.ConfigProvider;
import org.eclipse.microprofile.config.spi.ConfigProviderResolver;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.spi.HealthCheckResponseProvider;

/** What needs MicroProfile to be there. */
final class MicroProfileProbe {
  private MicroProfileProbe() {}

  static String setting(String key) {
    return ConfigProvider.getConfig().getOptionalValue(key, String.class).orElse("none");
  }

  /** What a server does when an application ends. */
  static void release() {
    ConfigProviderResolver.instance().releaseConfig(ConfigProvider.getConfig());
  }

  static String health(Instance<Object> beans) {
    HealthCheckResponse.setResponseProvider(provider());
    HealthCheckResponse response =
        beans.select(HealthCheck.class, Any.Literal.INSTANCE).get().call();
    return response.getName() + " " + response.getStatus() + " " + response.getData().orElseThrow();
  }

  private static HealthCheckResponseProvider provider() {
    return HealthAnswer::new;
  }
}
