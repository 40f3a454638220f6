package io.runcible.layout;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.Tool;
import io.runcible.archive.LayerWriter;
import io.runcible.image.Image;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A daemon of Docker's own, with directories of its own and no network. */
class DockerDaemonIT {
  private static final ImageReference APP = ImageReference.parse("registry.example/team/app:1");

  /** Only against waiting for ever: it starts several programs, beside what else is tested. */
  private static final int START_SECONDS = 300;

  @TempDir(cleanup = CleanupMode.ALWAYS)
  Path temporary;

  private Process dockerd;
  private DockerDaemon daemon;
  private URI host;

  @BeforeEach
  void start() throws Exception {
    HostTools.requireRoot();
    Path program = HostTools.requireProgram("dockerd", "docker.io");
    Path socket = temporary.resolve("docker.sock");
    dockerd =
        new ProcessBuilder(
                program.toString(),
                "--data-root=" + temporary.resolve("data"),
                "--exec-root=" + temporary.resolve("exec"),
                "--pidfile=" + temporary.resolve("pid"),
                "--host=unix://" + socket,
                "--bridge=none",
                "--iptables=false",
                "--ip6tables=false",
                "--ip-forward=false",
                "--ip-masq=false",
                "--storage-driver=vfs")
            .redirectErrorStream(true)
            .redirectOutput(temporary.resolve("log").toFile())
            .start();
    for (int i = 0; i < START_SECONDS * 10 && dockerd.isAlive() && !listens(); i++) {
      Thread.sleep(100);
    }
    assertThat(listens()).as(Files.readString(temporary.resolve("log"))).isTrue();
    host = URI.create("unix://" + socket);
    daemon = DockerDaemon.open(host);
  }

  private boolean listens() throws IOException {
    return Files.readString(temporary.resolve("log")).contains("API listen on");
  }

  @AfterEach
  void stop() throws InterruptedException {
    if (daemon != null) {
      daemon.close();
    }
    if (dockerd != null) {
      dockerd.destroy(); // It ends what it started.
      if (!dockerd.waitFor(START_SECONDS, TimeUnit.SECONDS)) {
        dockerd.destroyForcibly().waitFor();
      }
    }
  }

  private ImageAssembly image() {
    return ImageAssembly.builder(Platform.host())
        .layer(
            new LayerWriter()
                .addFile("etc/motd", 0644, "hello".getBytes(UTF_8))
                .writeTo(temporary.resolve("layer")))
        .config(config -> config.entrypoint("/bin/tool"))
        .build();
  }

  @Test
  void whatIsLoadedIsExported() throws Exception {
    ImageAssembly image = image();
    try (ImageSink sink = daemon.load()) {
      image.writeTo(sink, APP);
      sink.commit();
    }
    Tool docker = Tool.require("docker", "docker.io");
    String seen =
        docker.run("--host", host, "image", "inspect", "--format", "{{.Id}} {{.RepoTags}}", APP);
    assertThat(seen.strip()).isEqualTo(image.config().descriptor().digest() + " [" + APP + "]");
    for (String name :
        new String[] {APP.toString(), image.config().descriptor().digest().toString()}) {
      try (DockerArchive exported = daemon.export(name)) {
        ImageReference pinned = APP.withDigest(exported.select("").digest());
        Image read = Image.resolve(exported, pinned, Platform.host());
        assertThat(read.config().raw()).isEqualTo(image.config().raw());
        try (InputStream layer = read.layers().get(0).compressed()) {
          // The daemon packs the files anew; the digest of the layer is verified by this.
          assertThat(layer.readAllBytes()).isNotEmpty();
        }
      }
    }
    assertThatThrownBy(() -> daemon.export("registry.example/none:1"))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND))
        .hasMessageContaining("registry.example/none:1");
  }

  @Test
  void whatSkopeoLoadsIsExported() throws Exception {
    Tool skopeo = Tool.require("skopeo", "skopeo");
    ImageAssembly image = image();
    Path layout = temporary.resolve("layout");
    image.writeTo(ImageLayout.create(layout), APP);
    skopeo.run(
        "--insecure-policy",
        "copy",
        "--dest-daemon-host",
        host,
        "oci:" + layout + ":" + APP,
        "docker-daemon:" + APP);
    try (DockerArchive exported = daemon.export(APP.toString())) {
      assertThat(Image.resolve(exported, APP, Platform.host()).config().raw())
          .isEqualTo(image.config().raw());
    }
  }
}
