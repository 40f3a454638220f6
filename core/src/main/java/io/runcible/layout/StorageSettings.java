package io.runcible.layout;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the containers storage of a user is (containers-storage.conf).
 *
 * @param root the directory
 * @param driver how layers are stored; empty when nothing is said
 */
record StorageSettings(Path root, String driver) {
  private static final TomlMapper MAPPER = new TomlMapper();
  private static final String FILE = "containers/storage.conf";

  /**
   * Who asks.
   *
   * @param environment the variables
   * @param home the home directory
   * @param id the user id
   * @param system the root of the file system
   */
  record User(Map<String, String> environment, Path home, int id, Path system) {
    private Path directory(String variable, String otherwise) {
      String value = environment.getOrDefault(variable, "");
      return value.startsWith("/") ? Path.of(value) : home.resolve(otherwise);
    }
  }

  /**
   * Reads the settings of a user: the first file that there is counts, and of those for the whole
   * system an ordinary user heeds what is for ordinary users.
   *
   * @throws RuncibleException UNSUPPORTED when a file says something that is not understood
   */
  static StorageSettings of(User user) {
    boolean ordinary = user.id() != 0;
    List<Path> own = new ArrayList<>();
    Optional.ofNullable(user.environment().get("CONTAINERS_STORAGE_CONF"))
        .ifPresent(named -> own.add(Path.of(named)));
    if (ordinary) {
      own.add(user.directory("XDG_CONFIG_HOME", ".config").resolve(FILE));
    }
    for (Path file : own) {
      if (Files.exists(file)) {
        return read(file, "graphroot", user);
      }
    }
    for (String directory : List.of("etc", "usr/share")) {
      Path file = user.system().resolve(directory).resolve(FILE);
      if (Files.exists(file)) {
        return read(file, ordinary ? "rootless_storage_path" : "graphroot", user);
      }
    }
    return new StorageSettings(standard(user), "");
  }

  private static Path standard(User user) {
    return user.id() == 0
        ? user.system().resolve("var/lib/containers/storage")
        : user.directory("XDG_DATA_HOME", ".local/share").resolve("containers/storage");
  }

  private static StorageSettings read(Path file, String field, User user) {
    try {
      JsonNode storage = MAPPER.readTree(Files.readAllBytes(file)).path("storage");
      String root = expanded(storage.path(field).asText(""), user);
      if (!root.isEmpty() && (!root.startsWith("/") || root.indexOf('$') >= 0)) {
        throw notUnderstood(file, field + " is " + TarMembers.shown(root), null);
      }
      return new StorageSettings(
          root.isEmpty() ? standard(user) : Path.of(root), storage.path("driver").asText(""));
    } catch (JsonProcessingException e) {
      throw notUnderstood(file, "it is not TOML", e);
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot read " + file, e);
    }
  }

  private static String expanded(String path, User user) {
    return path.replace("$HOME", user.home().toString())
        .replace("$UID", String.valueOf(user.id()))
        .replace("$USER", user.environment().getOrDefault("USER", "$USER"));
  }

  private static RuncibleException notUnderstood(
      Path file, String reason, @Nullable Exception cause) {
    return new RuncibleException(
        ErrorKind.UNSUPPORTED, file + " is not understood: " + reason, cause);
  }
}
