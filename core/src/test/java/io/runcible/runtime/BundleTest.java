package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleTest {
  @TempDir Path directory;

  private final RuntimeSpec spec =
      RuntimeSpec.builder(Path.of("rootfs"), ProcessSpec.builder(List.of("true")).build()).build();

  @Test
  void onlyTheOwnerMayReadIt() throws IOException {
    Bundle bundle = Bundle.write(directory.resolve("b"), spec);

    assertThat(permissions(bundle.directory())).isEqualTo("rwx------");
    assertThat(permissions(bundle.config())).isEqualTo("rw-------");
    assertThat(bundle.config()).hasContent(spec.toJson());
    assertThat(bundle.directory()).isDirectoryNotContaining("glob:**.tmp");
  }

  @Test
  void existingDirectoryIsClosedAndItsSpecificationReplaced() throws IOException {
    Path existing = Files.createDirectory(directory.resolve("b"));
    Files.createDirectory(existing.resolve("rootfs"));
    Files.setPosixFilePermissions(existing, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.writeString(existing.resolve("config.json"), "old");
    Files.writeString(existing.resolve("config.json.tmp"), "left by a crash");

    Bundle bundle = Bundle.write(existing, spec);

    assertThat(permissions(existing)).isEqualTo("rwx------");
    assertThat(bundle.config()).hasContent(spec.toJson());
    assertThat(existing.resolve("rootfs")).isDirectory();
  }

  @Test
  void missingParentIsReported() {
    assertThatThrownBy(() -> Bundle.write(directory.resolve("none/b"), spec))
        .isInstanceOfSatisfying(
            RuncibleException.class,
            failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE))
        .hasMessageContaining("none/b");
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
