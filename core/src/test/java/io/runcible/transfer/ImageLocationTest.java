package io.runcible.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageLocationTest {
  private static final String HEX = "0".repeat(64);

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "docker://redis, DOCKER, -, docker.io/library/redis:latest, ''",
        "docker://localhost:5000/a:1, DOCKER, -, localhost:5000/a:1, ''",
        "oci:a/b, OCI, a/b, -, ''",
        "oci:/a:latest, OCI, /a, -, latest",
        "oci:a:registry.example/b:1, OCI, a, -, registry.example/b:1",
        "oci:a:@0, OCI, a, -, @0",
        "oci:a:@sha256:H, OCI, a, -, @sha256:H",
        "oci:a@sha256:H, OCI, a, -, @sha256:H",
        "oci:a@sha256:x, OCI, a@sha256, -, x",
        "oci-archive:a.tar, OCI_ARCHIVE, a.tar, -, ''",
        "oci-archive:a.tar:any text, OCI_ARCHIVE, a.tar, -, any text",
        "docker-archive:a.tar:redis:7, DOCKER_ARCHIVE, a.tar, -, redis:7",
        "docker-archive:/dev/stdin:@12, DOCKER_ARCHIVE, /dev/stdin, -, @12",
        "dir:a:b, DIR, a:b, -, ''",
        "store:app:1, STORE, -, docker.io/library/app:1, ''",
        "docker-daemon:app:1, DOCKER_DAEMON, -, docker.io/library/app:1, ''",
        "docker-daemon:sha256:H, DOCKER_DAEMON, -, -, sha256:H",
        "containers-storage:[vfs@/a]b@c, CONTAINERS_STORAGE, -, -, [vfs@/a]b@c",
      })
  void locationsOfSkopeoAreRead(
      String text, ImageLocation.Transport transport, String path, String reference, String image) {
    String given = text.replace("H", HEX);
    ImageLocation location = ImageLocation.parse(given);
    assertThat(location.transport()).isEqualTo(transport);
    assertThat(location.path().map(Object::toString).orElse(null)).isEqualTo(path);
    assertThat(location.reference().map(Object::toString).orElse(null)).isEqualTo(reference);
    assertThat(location.image()).isEqualTo(image.replace("H", HEX));
    assertThat(location).hasToString(given).isEqualTo(ImageLocation.parse(given));
    assertThat(given).startsWith(transport + ":");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|no transport",
        "redis|docker://redis",
        "redis:7|docker://redis:7",
        "OCI:a|no transport",
        "https://registry.example/a|docker, oci, oci-archive, docker-archive, dir, store",
        "docker:redis|'//' has to follow",
        "docker://|it is empty",
        "docker://A|lower case",
        "oci:|a path",
        "oci::a|a path",
        "oci:a:|name of an image is missing",
        "oci:a:@|name of an image is missing",
        "dir:|a path",
        "store:|it is empty",
        "docker-daemon:A|lower case",
        "containers-storage:|an image has to follow",
      })
  void whatIsNoLocationIsRefusedWithTheReason(String text, String reason) {
    assertThatThrownBy(() -> ImageLocation.parse(text))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
        .hasMessageContaining("'" + text + "'")
        .hasMessageContaining(reason);
  }

  @ParameterizedTest
  @CsvSource({"oci:a\0b", "dir:\0"})
  void aPathHasNoNul(String text) {
    assertThatThrownBy(() -> ImageLocation.parse(text))
        .isInstanceOf(RuncibleException.class)
        .hasMessageContaining("path")
        .hasMessageNotContaining("\0");
  }
}
