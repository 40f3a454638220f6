package io.runcible.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UploadsTest {
  private static final ImageReference APP = ImageReference.parse("team/app:1");

  @TempDir Path root;
  private UploadDirectory directory;
  private Uploads uploads;
  private long now;

  @BeforeEach
  void open() {
    directory = UploadDirectory.open(root);
    uploads = new Uploads(directory, 1000, () -> now);
  }

  @AfterEach
  void close() {
    directory.close();
  }

  private static RegistryRoute route(Upload upload) throws RegistryError {
    return RegistryRoute.parse("/v2/team/app/blobs/uploads/" + upload.id(), "docker.io");
  }

  private Upload begin(int size) throws Exception {
    Upload upload = uploads.begin(APP.withTag("latest"));
    uploads.take(route(upload));
    try {
      upload.append(new ByteArrayInputStream(new byte[size]), uploads::takeRoom);
    } finally {
      uploads.release(upload);
    }
    return upload;
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.endsWith(".lock"))
          .toList();
    }
  }

  private boolean isKnown(Upload upload) throws RegistryError {
    try {
      return uploads.find(route(upload)) == upload;
    } catch (RegistryError e) {
      assertThat(e.code()).isEqualTo("BLOB_UPLOAD_UNKNOWN");
      return false;
    }
  }

  @Nested
  class Limits {
    @Test
    void idleUploadsEnd() throws Exception {
      Upload old = begin(10);
      now += Uploads.IDLE_NANOS / 2;
      Upload recent = begin(10);
      now += Uploads.IDLE_NANOS / 2;
      uploads.expire();
      assertThat(isKnown(old)).isFalse();
      assertThat(isKnown(recent)).isTrue();
      assertThat(files()).containsExactly(recent.id());
    }

    @Test
    void useKeepsAnUpload() throws Exception {
      Upload upload = begin(10);
      begin(1);
      now += Uploads.IDLE_NANOS - 1;
      uploads.release(uploads.take(route(upload)));
      now += Uploads.IDLE_NANOS - 1;
      uploads.expire();
      assertThat(isKnown(upload)).isTrue();
      assertThat(files()).containsExactly(upload.id());
    }

    @Test
    void aRequestUnderWayKeepsAnUpload() throws Exception {
      Upload upload = begin(10);
      uploads.take(route(upload));
      now += Uploads.IDLE_NANOS * 2;
      uploads.expire();
      uploads.release(upload);
      uploads.expire();
      assertThat(isKnown(upload)).isTrue();
    }

    @Test
    void onlyOneRequestHasAnUpload() throws Exception {
      Upload upload = begin(10);
      uploads.take(route(upload));
      RegistryError busy =
          catchThrowableOfType(RegistryError.class, () -> uploads.take(route(upload)));
      assertThat(busy.status()).isEqualTo(503);
      assertThat(busy.headers()).containsKey("Retry-After");
      uploads.release(upload);
      uploads.release(uploads.take(route(upload)));
    }

    @Test
    void emptyUploadsMakeWay() throws Exception {
      Upload full = begin(1);
      Upload empty = uploads.begin(APP);
      for (int i = 0; i < 2 * Uploads.MAX_UPLOADS; i++) {
        uploads.begin(APP);
      }
      assertThat(isKnown(full)).isTrue();
      assertThat(catchThrowableOfType(RegistryError.class, () -> uploads.find(route(empty))))
          .isNotNull();
    }

    @Test
    void tooManyUploadsWithContentAreRefused() throws Exception {
      Upload first = begin(1);
      for (int i = 1; i < Uploads.MAX_UPLOADS; i++) {
        begin(1);
      }
      RegistryError refused = catchThrowableOfType(RegistryError.class, () -> uploads.begin(APP));
      assertThat(refused.status()).isEqualTo(429);
      uploads.remove(first);
      uploads.begin(APP);
    }

    @Test
    void roomIsGivenBack() throws Exception {
      for (int i = 0; i < 5; i++) {
        Upload upload = begin(900);
        RegistryError refused = catchThrowableOfType(RegistryError.class, () -> begin(101));
        assertThat(refused.status()).isEqualTo(413);
        begin(100);
        now += Uploads.IDLE_NANOS;
        uploads.remove(upload);
        uploads.expire();
        assertThat(files()).isEmpty();
      }
    }

    @Test
    void aCutOffPartIsKept() throws Exception {
      Upload upload = begin(10);
      InputStream cut =
          new InputStream() {
            @Override
            public int read() {
              throw new AssertionError();
            }

            private int reads;

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
              if (reads++ > 0) {
                throw new IOException("cut");
              }
              return 5;
            }
          };
      assertThatThrownBy(() -> upload.append(cut, uploads::takeRoom)).hasMessage("cut");
      assertThat(upload.size()).isEqualTo(15);
      upload.truncate(3);
      try (InputStream content = upload.content()) {
        assertThat(content.readAllBytes()).hasSize(3);
      }
    }
  }

  @Nested
  class Directories {
    private Path left(String name) throws IOException {
      Path dead = Files.createDirectory(root.resolve(name));
      Files.writeString(dead.resolve("upload"), "content");
      Files.createFile(root.resolve(name + ".lock"));
      return dead;
    }

    @Test
    void ofKilledServersAreRemoved() throws Exception {
      String dead = ".runcible-uploads-" + UUID.randomUUID();
      left(dead);
      Upload live = begin(10);
      try (UploadDirectory other = UploadDirectory.open(root)) {
        assertThat(root.resolve(dead)).doesNotExist();
        assertThat(root.resolve(dead + ".lock")).doesNotExist();
        assertThat(other.file("x")).doesNotExist();
      }
      assertThat(files()).containsExactly(live.id());
    }

    @Test
    void leadNowhereElse() throws Exception {
      Path precious = Files.createDirectory(root.resolve("precious"));
      Files.writeString(precious.resolve("file"), "content");
      Files.writeString(root.resolve("other.lock"), "");
      String dead = ".runcible-uploads-x";
      Files.createSymbolicLink(root.resolve(dead), precious);
      Files.createFile(root.resolve(dead + ".lock"));
      Files.createSymbolicLink(root.resolve(".runcible-uploads-y.lock"), precious.resolve("file"));
      UploadDirectory.open(root).close();
      assertThat(precious.resolve("file")).hasContent("content");
      assertThat(root.resolve("other.lock")).exists();
      assertThat(root.resolve(dead)).doesNotExist();
    }

    @Test
    void areEmptyAfterClosing() throws Exception {
      begin(10);
      directory.close();
      directory.close();
      try (Stream<Path> files = Files.list(root)) {
        assertThat(files).containsExactly(root.resolve(".runcible-uploads.lock"));
      }
    }

    @Test
    void thatCannotBeAreRefused() throws IOException {
      Path file = Files.createFile(root.resolve("file"));
      assertThatThrownBy(() -> UploadDirectory.open(file))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNAVAILABLE))
          .hasMessageContaining(file.toString());
    }
  }
}
