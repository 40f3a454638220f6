package io.runcible.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.Compression;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Platform;
import io.runcible.image.Samples;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Referrers, signatures and attestations that travel along. */
class AttachmentsTest {
  private static final ImageReference ONE = ImageReference.parse("registry.example/app:1");
  private static final ImageReference OTHER = ImageReference.parse("mirror.example/copy:2");

  private final RecordingImages source = new RecordingImages();
  private final RecordingImages sink = new RecordingImages();
  private final ImageCopy copy = ImageCopy.between(source, sink).withReferrers();

  /** Attaches an artifact. */
  private Descriptor attach(Descriptor subject, String text) {
    Descriptor content = source.memory.add("text/plain", text.getBytes(UTF_8));
    source.memory.add(MediaType.OCI_EMPTY, "{}".getBytes(UTF_8));
    Manifest artifact =
        Manifest.ofArtifact(
            "application/x", List.of(content), Map.of("text", text), Optional.of(subject));
    source.memory.putManifest(
        Samples.byDigest(ONE, artifact.digest()), artifact.descriptor(), artifact.raw());
    return artifact.descriptor();
  }

  private static String tag(Digest digest, String suffix) {
    return "sha256-" + digest.hex() + "." + suffix;
  }

  private List<Digest> referrers(Descriptor subject) {
    return sink.memory.referrers(OTHER, subject.digest()).stream().map(Descriptor::digest).toList();
  }

  @Test
  void theyStayBehindUnlessAskedFor() {
    Descriptor image = Samples.put(source, ONE, "one").descriptor();
    attach(image, "signature");
    ImageCopy.between(source, sink).copy(ONE, OTHER);
    assertThat(referrers(image)).isEmpty();
    assertThat(source.count("referrers") + source.count("tags")).isZero();
  }

  @Test
  void referrersOfReferrersCome() {
    Descriptor image = Samples.put(source, ONE, "one").descriptor();
    Descriptor sbom = attach(image, "sbom");
    Descriptor signature = attach(sbom, "signature of the sbom");
    CopyResult result = copy.copy(ONE, OTHER);
    assertThat(referrers(image)).containsExactly(sbom.digest());
    assertThat(referrers(sbom)).containsExactly(signature.digest());
    assertThat(sink.memory.content(Digest.sha256("sbom".getBytes(UTF_8)))).isNotEmpty();
    assertThat(result.manifests()).isEqualTo(3);
    // Who sees the name finds them.
    assertThat(sink.calls.get(sink.calls.size() - 1)).isEqualTo("putManifest " + OTHER);
  }

  @Test
  void thoseOfThePartsOfAnIndexCome() {
    ImageIndex index = Samples.putIndex(source, ONE, "one");
    Descriptor ofIndex = attach(index.descriptor(), "of the index");
    Descriptor ofPart = attach(index.manifests().get(1), "of a part");
    copy.copy(ONE, OTHER);
    assertThat(referrers(index.descriptor())).containsExactly(ofIndex.digest());
    assertThat(referrers(index.manifests().get(1))).containsExactly(ofPart.digest());
  }

  @Test
  void tagsOfCosignCome() {
    Descriptor image = Samples.put(source, ONE, "one").descriptor();
    Manifest signature = Samples.put(source, ONE.withTag(tag(image.digest(), "sig")), "sig");
    Manifest sbom = Samples.put(source, ONE.withTag(tag(image.digest(), "sbom")), "sbom");
    Samples.put(source, ONE.withTag(tag(Samples.manifest("two").digest(), "sig")), "of another");
    Manifest again =
        Samples.put(source, ONE.withTag(tag(signature.digest(), "sig")), "of the signature");
    copy.copy(ONE, OTHER);
    assertThat(sink.memory.tags(OTHER))
        .containsExactlyInAnyOrder(
            "2",
            tag(image.digest(), "sig"),
            tag(image.digest(), "sbom"),
            tag(signature.digest(), "sig"));
    assertThat(sink.memory.resolve(OTHER.withTag(tag(image.digest(), "sbom"))).digest())
        .isEqualTo(sbom.digest());
    assertThat(sink.memory.resolve(OTHER.withTag(tag(signature.digest(), "sig"))).digest())
        .isEqualTo(again.digest());
  }

  @Test
  void oneThatIsNewComesToAnImageThatIsThere() {
    Descriptor image = Samples.put(source, ONE, "one").descriptor();
    attach(image, "old");
    copy.copy(ONE, OTHER);
    Descriptor added = attach(image, "new");
    Samples.put(source, ONE.withTag(tag(image.digest(), "att")), "attestation");
    sink.calls.clear();
    CopyResult result = copy.copy(ONE, OTHER);
    assertThat(referrers(image)).hasSize(2).contains(added.digest());
    assertThat(result.manifests()).isEqualTo(2);
    assertThat(sink.calls).doesNotContain("putManifest " + OTHER);
    assertThat(copy.copy(ONE, OTHER).unchanged()).isTrue();
  }

  @Test
  void attestationsWithinAnIndexComeWithTheirPlatform() {
    ImageIndex index = Samples.putIndex(source, ONE, "one");
    List<Descriptor> entries = new ArrayList<>(index.manifests());
    for (Descriptor image : index.manifests()) {
      String name = "attestation of " + image.digest();
      Manifest attestation =
          Samples.put(source, Samples.byDigest(ONE, Samples.manifest(name).digest()), name);
      entries.add(
          attestation
              .descriptor()
              .withAnnotations(
                  Map.of(
                      "vnd.docker.reference.digest",
                      image.digest().toString(),
                      "vnd.docker.reference.type",
                      "attestation-manifest")));
    }
    ImageIndex all = ImageIndex.of(entries, Map.of());
    source.putManifest(ONE, all.descriptor(), all.raw());
    Descriptor root =
        copy.platforms(List.of(Platform.parse("linux/arm64"))).copy(ONE, OTHER).root();
    ImageIndex part = ImageIndex.parse(sink.manifest(OTHER, root), root.mediaType());
    assertThat(part.manifests()).containsExactly(entries.get(1), entries.get(3));
  }

  @Test
  void aChainWithoutEndIsRefused() {
    Descriptor last = Samples.put(source, ONE, "one").descriptor();
    for (int i = 0; i < 6; i++) {
      last = attach(last, "link " + i);
    }
    RuncibleException failure =
        catchThrowableOfType(RuncibleException.class, () -> copy.copy(ONE, OTHER));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContainingAll("referrers of referrers", ONE.toString());
    assertThat(sink.calls).doesNotContain("putManifest " + OTHER);
  }

  @Test
  void theyAreForDigestsThatRecompressionChanges() {
    Samples.put(source, ONE, "one");
    RuncibleException failure =
        catchThrowableOfType(
            RuncibleException.class, () -> copy.recompress(Compression.GZIP).copy(ONE, OTHER));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
  }
}
