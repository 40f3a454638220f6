package io.runcible.layout;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Samples;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a layout lists besides tags, and what it deletes. */
class LayoutRemovalTest {
  private static final ImageReference APP = ImageReference.parse("registry.example/team/app:1");
  private static final ImageReference OTHER = ImageReference.parse("registry.example/other:1");
  private static final Digest ONE = Samples.manifest("one").digest();

  @TempDir Path directory;
  private ImageLayout layout;

  @BeforeEach
  void create() {
    layout = ImageLayout.create(directory);
  }

  private static ImageReference byDigest(Digest digest) {
    return Samples.byDigest(APP, digest);
  }

  private static ErrorKind failure(Runnable call) {
    return catchThrowableOfType(RuncibleException.class, call::run).kind();
  }

  /** Stores a manifest that is attached to another one. */
  private Descriptor attach(ImageReference at, Digest subject, String type) {
    Manifest plain = Samples.put(layout, byDigest(Samples.manifest(type).digest()), type);
    try {
      ObjectNode document = (ObjectNode) new ObjectMapper().readTree(plain.raw());
      document.put("artifactType", "application/" + type);
      document.putObject("annotations").put("name", type);
      document
          .putObject("subject")
          .put("mediaType", MediaType.OCI_MANIFEST)
          .put("digest", subject.toString())
          .put("size", 7);
      byte[] raw = document.toString().getBytes(UTF_8);
      Descriptor descriptor = Descriptor.of(MediaType.OCI_MANIFEST, raw);
      layout.putManifest(
          at.tag().isPresent() ? at : byDigest(descriptor.digest()), descriptor, raw);
      return descriptor;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private byte[] index() throws IOException {
    return Files.readAllBytes(directory.resolve("index.json"));
  }

  @Nested
  class Repositories {
    @Test
    void areListedOfOneRegistry() throws IOException {
      Samples.put(layout, OTHER, "one");
      Samples.put(layout, APP, "one");
      Samples.put(layout, APP.withTag("2"), "two");
      Samples.put(layout, ImageReference.parse("team/app:1"), "two");
      assertThat(layout.repositories("registry.example")).containsExactly("other", "team/app");
      assertThat(layout.repositories("docker.io")).containsExactly("team/app");
      assertThat(layout.repositories("registry.example:5000")).isEmpty();
    }

    @Test
    void areNotMadeOfTagsOrNonsense() throws IOException {
      Samples.put(layout, APP, "one");
      String foreign = new String(index(), UTF_8).replace(APP.toString(), "latest");
      Files.writeString(directory.resolve("index.json"), foreign);
      assertThat(layout.repositories("docker.io")).isEmpty();
      Files.writeString(directory.resolve("index.json"), foreign.replace("latest", "../../etc"));
      assertThat(layout.repositories("docker.io")).isEmpty();
    }
  }

  @Nested
  class Referrers {
    @Test
    void areFoundWithTypeAndAnnotations() {
      Samples.put(layout, APP, "one");
      Descriptor signature = attach(byDigest(ONE), ONE, "signature");
      Descriptor other = attach(byDigest(ONE), Samples.manifest("two").digest(), "other");
      assertThat(layout.referrers(APP, ONE))
          .singleElement()
          .satisfies(
              found -> {
                assertThat(found.digest()).isEqualTo(signature.digest());
                assertThat(found.size()).isEqualTo(signature.size());
                assertThat(found.artifactType()).contains("application/signature");
                assertThat(found.annotations()).containsEntry("name", "signature");
              });
      assertThat(layout.referrers(APP, other.digest())).isEmpty();
    }

    @Test
    void stayWhenAnIndexNamesThem() {
      Descriptor signature = attach(byDigest(ONE), ONE, "signature");
      ImageIndex index = ImageIndex.of(List.of(signature), Map.of());
      layout.putManifest(APP.withTag("all"), index.descriptor(), index.raw());
      assertThat(layout.referrers(APP, ONE)).hasSize(1);
    }

    @Test
    void areFoundBesideDamagedManifests() throws IOException {
      Samples.put(layout, APP, "one");
      Samples.put(layout, APP.withTag("2"), "two");
      attach(byDigest(ONE), ONE, "signature");
      Files.writeString(
          directory.resolve("blobs/sha256").resolve(Samples.manifest("two").digest().hex()), "{}");
      Files.delete(directory.resolve("blobs/sha256").resolve(ONE.hex()));
      assertThat(layout.referrers(APP, ONE)).hasSize(1);
    }

    @Test
    void vanishWithTheirManifest() {
      Descriptor signature = attach(byDigest(ONE), ONE, "signature");
      assertThat(layout.referrers(APP, ONE)).hasSize(1);
      layout.delete(byDigest(signature.digest()));
      assertThat(layout.referrers(APP, ONE)).isEmpty();
    }
  }

  @Nested
  class Deleting {
    @Test
    void aTagLeavesTheManifestUnderItsDigest() {
      Samples.put(layout, APP, "one");
      layout.delete(APP);
      assertThat(failure(() -> layout.resolve(APP))).isEqualTo(ErrorKind.NOT_FOUND);
      assertThat(layout.resolve(byDigest(ONE)).digest()).isEqualTo(ONE);
      assertThat(layout.index().manifests())
          .singleElement()
          .satisfies(entry -> assertThat(entry.annotations()).isEmpty());
    }

    @Test
    void aTagLeavesTheOthers() {
      Samples.put(layout, APP, "one");
      Samples.put(layout, APP.withTag("2"), "one");
      Samples.put(layout, OTHER, "one");
      layout.delete(APP);
      assertThat(layout.tags(APP)).containsExactly("2");
      assertThat(layout.resolve(OTHER).digest()).isEqualTo(ONE);
      assertThat(layout.index().manifests()).hasSize(2);
    }

    @Test
    void aManifestTakesItsTagsAlong() {
      Samples.put(layout, APP, "one");
      Samples.put(layout, APP.withTag("2"), "one");
      Samples.put(layout, APP.withTag("3"), "two");
      layout.delete(byDigest(ONE));
      assertThat(layout.tags(APP)).containsExactly("3");
      assertThat(failure(() -> layout.resolve(byDigest(ONE)))).isEqualTo(ErrorKind.NOT_FOUND);
      assertThat(failure(() -> layout.delete(byDigest(ONE)))).isEqualTo(ErrorKind.NOT_FOUND);
      assertThat(layout.hasBlob(APP, Samples.manifest("one").layers().get(0))).isTrue();
    }

    @Test
    void aManifestOfAnotherRepositoryStaysThere() {
      Samples.put(layout, APP, "one");
      Samples.put(layout, OTHER, "one");
      layout.delete(byDigest(ONE));
      assertThat(failure(() -> layout.resolve(APP))).isEqualTo(ErrorKind.NOT_FOUND);
      assertThat(layout.manifest(OTHER, layout.resolve(OTHER)))
          .isEqualTo(Samples.manifest("one").raw());
    }

    @Test
    void aPartOfAnIndexIsRefused() throws IOException {
      ImageIndex index = Samples.putIndex(layout, APP, "one");
      byte[] before = index();
      assertThat(failure(() -> layout.delete(byDigest(ONE))))
          .isEqualTo(ErrorKind.FAILED_PRECONDITION);
      assertThat(index()).isEqualTo(before);
      assertThat(layout.resolve(byDigest(ONE)).digest()).isEqualTo(ONE);
      layout.delete(byDigest(index.digest()));
      layout.delete(byDigest(ONE));
      assertThat(failure(() -> layout.resolve(byDigest(ONE)))).isEqualTo(ErrorKind.NOT_FOUND);
    }

    @Test
    void whatIsNotThereIsNotFound() {
      assertThat(failure(() -> layout.delete(APP))).isEqualTo(ErrorKind.NOT_FOUND);
      assertThat(failure(() -> layout.delete(byDigest(ONE)))).isEqualTo(ErrorKind.NOT_FOUND);
      assertThat(failure(() -> layout.deleteBlob(APP, ONE))).isEqualTo(ErrorKind.NOT_FOUND);
    }

    @Test
    void aBlobIsRefusedWhileAManifestNeedsIt() {
      ImageIndex index = Samples.putIndex(layout, APP, "one");
      Digest layer = Samples.manifest("one").layers().get(0).digest();
      Digest config = Samples.config("one").descriptor().digest();
      for (Digest used : List.of(layer, config, ONE, index.digest())) {
        assertThat(failure(() -> layout.deleteBlob(APP, used)))
            .isEqualTo(ErrorKind.FAILED_PRECONDITION);
      }
      layout.delete(byDigest(index.digest()));
      layout.delete(byDigest(ONE));
      layout.deleteBlob(APP, layer);
      assertThat(failure(() -> layout.blobSize(APP, layer))).isEqualTo(ErrorKind.NOT_FOUND);
    }

    @Test
    void aBlobThatNobodyNeeds() {
      byte[] content = Samples.layer("x");
      Descriptor blob = Descriptor.of(MediaType.OCI_LAYER, content);
      layout.putBlob(APP, blob, new ByteArrayInputStream(content));
      layout.deleteBlob(APP, blob.digest());
      assertThat(layout.hasBlob(APP, blob)).isFalse();
    }

    @Test
    void besideWritersLeavesEveryEntryWhole() throws Exception {
      ExecutorService threads = Executors.newFixedThreadPool(4);
      try {
        List<Future<Void>> done = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          String name = "n" + i % 2;
          Callable<Void> task = i < 2 ? () -> put(name) : () -> remove(name);
          done.add(threads.submit(task));
        }
        for (Future<Void> each : done) {
          each.get();
        }
      } finally {
        threads.shutdownNow();
      }
      for (Descriptor entry : layout.index().manifests()) {
        assertThat(layout.manifest(APP, entry)).hasSize((int) entry.size());
      }
    }

    private Void put(String name) {
      for (int i = 0; i < 20; i++) {
        Samples.put(layout, APP.withTag(name), name);
      }
      return null;
    }

    private Void remove(String name) {
      for (int i = 0; i < 20; i++) {
        try {
          layout.delete(byDigest(Samples.manifest(name).digest()));
        } catch (RuncibleException e) {
          assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND);
        }
      }
      return null;
    }
  }
}
