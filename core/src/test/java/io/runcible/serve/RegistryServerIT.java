package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.layout.ImageLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What skopeo makes of the registry. */
class RegistryServerIT extends SkopeoTests {
  private ImageLayout layout;
  private ImageIndex index;
  private Descriptor one;

  @BeforeEach
  void start() {
    layout = ImageLayout.create(temporary.resolve("layout"));
    index = writeImage(layout, ImageReference.parse("team/app"));
    one = index.manifests().get(0);
    server = RegistryServer.serve(layout).start();
  }

  private ImageLayout copy(String from, String... options) throws Exception {
    Path to = Files.createTempDirectory(temporary, "copy").resolve("layout");
    List<Object> arguments = new ArrayList<>(List.of("copy"));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of("--src-tls-verify=false", from, "oci:" + to + ":copied"));
    skopeo(arguments.toArray());
    return ImageLayout.open(to);
  }

  @Test
  void skopeoInspects() throws Exception {
    String raw = skopeo("inspect", "--raw", "--tls-verify=false", url(":one"));
    assertThat(raw.getBytes(UTF_8))
        .isEqualTo(layout.manifest(ImageReference.parse("team/app:one"), one));
    JsonNode seen = skopeoJson("inspect", "--tls-verify=false", url(":one"));
    assertThat(seen.get("Digest").asText()).isEqualTo(one.digest().toString());
    assertThat(seen.get("RepoTags").toString()).isEqualTo("[\"all\",\"one\"]");
    assertThat(seen.get("Labels").get("k").asText()).isEqualTo("v");
  }

  @Test
  void skopeoListsTags() throws Exception {
    JsonNode seen = skopeoJson("list-tags", "--tls-verify=false", url(""));
    assertThat(seen.get("Tags").toString()).isEqualTo("[\"all\",\"one\"]");
  }

  @Test
  void skopeoCopiesByTagAndDigest() throws Exception {
    ImageReference copied = ImageReference.parse("registry.example/any:copied");
    for (String suffix : List.of(":one", "@" + one.digest())) {
      Image image = Image.resolve(copy(url(suffix)), copied, ARM64);
      assertThat(image.descriptor().digest()).isEqualTo(one.digest());
      readLayers(image);
    }
  }

  @Test
  void skopeoCopiesAllPlatforms() throws Exception {
    ImageLayout copy = copy(url(":all"), "--all", "--preserve-digests");
    ImageReference copied = ImageReference.parse("registry.example/any:copied");
    assertThat(copy.resolve(copied).digest()).isEqualTo(index.digest());
    Image amd64 = Image.resolve(copy, copied, AMD64);
    assertThat(amd64.config().platform()).isEqualTo(AMD64);
  }
}
