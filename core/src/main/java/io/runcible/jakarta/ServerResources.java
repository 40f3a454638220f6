package io.runcible.jakarta;

import java.util.Optional;
import javax.naming.InitialContext;
import javax.naming.NamingException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the server manages for its applications, and they find by names (JNDI). */
final class ServerResources {
  private ServerResources() {}

  /**
   * The one that a setting names, otherwise the server's default; empty where there is none. The
   * name comes from who deploys, and no name of a remote directory is in a default.
   */
  @SuppressWarnings("BanJNDI")
  static <T> Optional<T> find(Settings settings, String key, String defaultName, Class<T> type) {
    String name = settings.get(key).orElse(defaultName);
    try {
      return Optional.ofNullable(type.cast(new InitialContext().lookup(name)));
    } catch (NamingException | ClassCastException e) {
      if (settings.get(key).isPresent()) {
        log().warn("there is no {} '{}', as {} says; doing without", type.getName(), name, key, e);
      }
      return Optional.empty();
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(ServerResources.class);
  }
}
