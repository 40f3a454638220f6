package io.runcible.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.Tool;
import io.runcible.image.ImageReference;
import io.runcible.image.Samples;
import io.runcible.registry.DockerRegistry;
import io.runcible.registry.DockerRegistry.Entrance;
import io.runcible.registry.RegistryClient;
import io.runcible.transfer.SyncedImage.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our syncs and skopeo's, from and to a real registry: the same tags of the same digests. */
class ImageSyncIT {
  @TempDir Path directory;
  private final Tool skopeo = Tool.require("skopeo", "skopeo");
  private DockerRegistry registry;
  private RegistryClient client;

  @BeforeEach
  void start() throws IOException {
    registry =
        DockerRegistry.start(Files.createDirectory(directory.resolve("registry")), Entrance.OPEN);
    client = registry.client().build();
    for (String tag : List.of("1.0.0", "1.2.0", "v2.0", "2.1.0-rc1", "edge")) {
      GzipImages.putIndex(client, name("team/app").withTag(tag), tag);
    }
    for (String tag : List.of("a-1", "a-2", "b-1")) {
      GzipImages.put(client, name("team/tool").withTag(tag), Samples.PLATFORM, tag);
    }
  }

  @AfterEach
  void stop() {
    client.close();
    registry.close();
  }

  private ImageReference name(String repository) {
    return ImageReference.parse(registry.name() + "/" + repository);
  }

  /** The tags of a repository, and what they stand for. */
  private Map<String, Digest> tags(String repository) {
    Map<String, Digest> tags = new TreeMap<>();
    for (String tag : client.tags(name(repository))) {
      tags.put(tag, client.resolve(name(repository).withTag(tag)).digest());
    }
    return tags;
  }

  private void skopeoSync(Object... arguments) throws Exception {
    Object[] all =
        Stream.concat(
                Stream.of(
                    "--insecure-policy",
                    "sync",
                    "--all",
                    "--dest",
                    "docker",
                    "--dest-tls-verify=false"),
                Stream.of(arguments))
            .toArray();
    skopeo.run(all);
  }

  @Test
  void aRepositoryAsSkopeo() throws Exception {
    skopeoSync(
        "--src",
        "docker",
        "--src-tls-verify=false",
        name("team/app").name(),
        registry.name() + "/theirs");
    ImageSync sync = ImageSync.to(client).under(registry.name() + "/ours");
    SyncReport report = sync.sync(client, name("team/app"), TagFilter.all());
    assertThat(report.count(Outcome.COPIED)).isEqualTo(6);
    assertThat(tags("ours/app")).isEqualTo(tags("theirs/app")).isEqualTo(tags("team/app"));
    SyncReport again = sync.sync(client, name("team/app"), TagFilter.all());
    assertThat(again.count(Outcome.UNCHANGED)).isEqualTo(6);
  }

  @Test
  void aListAsSkopeo() throws Exception {
    Path file =
        Files.writeString(
            directory.resolve("list.yaml"),
            """
            %s:
              tls-verify: false
              images-by-tag-regex:
                team/app: ^v?[12]\\.[^1]
                team/tool: ^a-
              images:
                team/tool: [b-1, a-1]
            """
                .formatted(registry.name()));
    skopeoSync("--src", "yaml", file, registry.name() + "/theirs");
    ImageSync.to(client).under(registry.name() + "/ours").sync(client, SyncList.read(file));
    assertThat(tags("ours/app")).isEqualTo(tags("theirs/app"));
    assertThat(tags("ours/app").keySet()).containsExactly("1.0.0", "1.2.0", "v2.0");
    assertThat(tags("ours/tool")).isEqualTo(tags("theirs/tool"));
    assertThat(tags("ours/tool").keySet()).containsExactly("a-1", "a-2", "b-1");
  }
}
