package io.runcible.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StorageSettingsTest {
  @TempDir Path temporary;

  private StorageSettings settings(int id, Map<String, String> environment) {
    return StorageSettings.of(
        new StorageSettings.User(environment, temporary.resolve("home"), id, temporary));
  }

  private Path write(String file, String... lines) throws IOException {
    Path path = temporary.resolve(file);
    Files.createDirectories(path.getParent());
    return Files.writeString(path, String.join("\n", lines));
  }

  @Test
  void withoutAFileTheUserDecides() {
    assertThat(settings(0, Map.of()).root())
        .isEqualTo(temporary.resolve("var/lib/containers/storage"));
    assertThat(settings(1000, Map.of()).root())
        .isEqualTo(temporary.resolve("home/.local/share/containers/storage"));
    assertThat(settings(1000, Map.of("XDG_DATA_HOME", "/data")).root())
        .isEqualTo(Path.of("/data/containers/storage"));
    assertThat(settings(0, Map.of()).driver()).isEmpty();
  }

  @Test
  void theFirstFileCounts() throws IOException {
    write("usr/share/containers/storage.conf", "[storage]", "graphroot = '/shared'");
    assertThat(settings(0, Map.of()).root()).isEqualTo(Path.of("/shared"));
    write("etc/containers/storage.conf", "[storage]", "graphroot = '/own'", "driver = 'vfs'");
    assertThat(settings(0, Map.of())).isEqualTo(new StorageSettings(Path.of("/own"), "vfs"));
    Path named = write("named", "[storage]", "driver = 'overlay'");
    assertThat(settings(0, Map.of("CONTAINERS_STORAGE_CONF", named.toString())))
        .isEqualTo(new StorageSettings(temporary.resolve("var/lib/containers/storage"), "overlay"));
  }

  @Test
  void anOrdinaryUserHasAPathOfItsOwn() throws IOException {
    write(
        "etc/containers/storage.conf",
        "[storage]",
        "graphroot = '/root-only'",
        "rootless_storage_path = '/data/$USER/$UID'");
    assertThat(settings(1000, Map.of("USER", "anna")).root()).isEqualTo(Path.of("/data/anna/1000"));
    write("home/.config/containers/storage.conf", "[storage]", "graphroot = '$HOME/images'");
    assertThat(settings(1000, Map.of()).root()).isEqualTo(temporary.resolve("home/images"));
    write("config/containers/storage.conf", "[storage]", "graphroot = '/mine'");
    assertThat(
            settings(1000, Map.of("XDG_CONFIG_HOME", temporary.resolve("config").toString()))
                .root())
        .isEqualTo(Path.of("/mine"));
  }

  @Test
  void whatIsNotUnderstoodIsSaid() throws IOException {
    for (String root : new String[] {"relative", "$OTHER/images", "/x/$(id)"}) {
      Path file = write("etc/containers/storage.conf", "[storage]", "graphroot = '" + root + "'");
      assertThatThrownBy(() -> settings(0, Map.of()))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED))
          .hasMessageContainingAll(file.toString(), root);
    }
    write("etc/containers/storage.conf", "[storage");
    assertThatThrownBy(() -> settings(0, Map.of())).hasMessageContaining("not TOML");
  }
}
