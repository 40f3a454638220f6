package io.runcible.registry;

import static io.runcible.registry.StoringRegistry.names;
import static io.runcible.registry.StoringRegistry.referrer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Samples;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The workflows of the distribution specification ("Pull", "Push", "Content Discovery" and "Content
 * Management") between the client and a registry. The registry is empty at the beginning of each
 * test, takes pushes and deletes.
 */
interface DistributionContract {
  /** The registry as in a reference. */
  String registry();

  /** A client that may do everything there. */
  RegistryClient.Builder client();

  /** Whether it deletes tags, and not manifests alone. */
  default boolean deletesTags() {
    return true;
  }

  /** Whether it keeps the lists of referrers, so that clients need not. */
  default boolean keepsReferrers() {
    return true;
  }

  /** Whether a blob that was pushed to one repository is there in all of them. */
  default boolean sharesBlobs() {
    return false;
  }

  private ImageReference reference(String rest) {
    return ImageReference.parse(registry() + "/" + rest);
  }

  private ImageReference pinned(String repository, Digest digest) {
    return reference(repository + "@" + digest);
  }

  private static RuncibleException failure(Runnable call) {
    return catchThrowableOfType(RuncibleException.class, call::run);
  }

  private static void assertNotFound(Runnable call) {
    assertThat(failure(call).kind()).isEqualTo(ErrorKind.NOT_FOUND);
  }

  private static void push(RegistryClient client, ImageReference reference, byte[] blob) {
    client.putBlob(reference, FakeRegistry.blob(blob), new ByteArrayInputStream(blob));
  }

  private static byte[] pull(RegistryClient client, ImageReference reference, byte[] blob)
      throws IOException {
    Descriptor descriptor = FakeRegistry.blob(blob);
    try (InputStream in =
        new VerifiedInputStream(
            client.blob(reference, descriptor), descriptor.digest(), descriptor.size())) {
      return in.readAllBytes();
    }
  }

  @Test
  default void pullByTagAndByDigest() {
    try (RegistryClient client = client().build()) {
      Manifest manifest = Samples.put(client, reference("team/app:1"), "one");
      Descriptor byTag = client.resolve(reference("team/app:1"));
      assertThat(byTag).isEqualTo(manifest.descriptor());
      assertThat(client.resolve(pinned("team/app", manifest.digest()))).isEqualTo(byTag);
      assertThat(client.manifest(reference("team/app:1"), byTag)).isEqualTo(manifest.raw());
    }
  }

  @Test
  default void pullOfAnIndex() {
    try (RegistryClient client = client().build()) {
      ImageIndex index = Samples.putIndex(client, reference("team/app:1"), "one");
      assertThat(client.resolve(reference("team/app:1"))).isEqualTo(index.descriptor());
      Image image = Image.resolve(client, reference("team/app:1"), Samples.PLATFORM);
      assertThat(image.config().command()).containsExactly("one");
    }
  }

  @Test
  default void pullOfWhatIsNotThere() {
    try (RegistryClient client = client().build()) {
      Samples.put(client, reference("team/app:1"), "one");
      Digest none = Digest.sha256(new byte[1]);
      assertNotFound(() -> client.resolve(reference("team/app:2")));
      assertNotFound(() -> client.resolve(pinned("team/app", none)));
      assertNotFound(() -> client.blobSize(reference("team/app"), none));
      assertNotFound(() -> client.tags(reference("team/none")));
    }
  }

  @Test
  default void pullOverSeveralConnections() throws IOException {
    byte[] blob = FakeRegistry.random(1_000_000);
    try (RegistryClient client = client().blobConnections(3).windows(100_000, 100_000).build()) {
      push(client, reference("team/app"), blob);
      assertThat(pull(client, reference("team/app"), blob)).isEqualTo(blob);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 99_999, 100_000, 100_001, 1_000_000})
  default void pushInOnePieceAndInChunks(int size) throws IOException {
    byte[] blob = FakeRegistry.random(size);
    for (UnaryOperator<RegistryClient.Builder> way :
        List.<UnaryOperator<RegistryClient.Builder>>of(
            whole -> whole.chunkedAbove(Long.MAX_VALUE), chunks -> chunks.chunkedAbove(1))) {
      ImageReference repository = reference("team/app" + way.hashCode());
      try (RegistryClient client = way.apply(client().windows(100_000, 100_000)).build()) {
        if (!sharesBlobs()) {
          assertThat(client.hasBlob(repository, FakeRegistry.blob(blob))).isFalse();
        }
        push(client, repository, blob);
        assertThat(client.hasBlob(repository, FakeRegistry.blob(blob))).isTrue();
        assertThat(pull(client, repository, blob)).isEqualTo(blob);
        push(client, repository, blob);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, Long.MAX_VALUE})
  default void pushOfWrongContentLeavesNothing(long chunkedAbove) {
    byte[] blob = FakeRegistry.random(250_000);
    byte[] wrong = blob.clone();
    wrong[249_999] ^= 1;
    try (RegistryClient client =
        client().chunkedAbove(chunkedAbove).windows(100_000, 100_000).build()) {
      RuncibleException failure =
          failure(
              () ->
                  client.putBlob(
                      reference("app"), FakeRegistry.blob(blob), new ByteArrayInputStream(wrong)));
      assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
      assertThat(client.hasBlob(reference("app"), FakeRegistry.blob(blob))).isFalse();
      assertThat(client.hasBlob(reference("app"), FakeRegistry.blob(wrong))).isFalse();
    }
  }

  @Test
  default void pushByMounting() throws IOException {
    byte[] blob = FakeRegistry.random(10_000);
    Descriptor descriptor = FakeRegistry.blob(blob);
    try (RegistryClient client = client().build()) {
      push(client, reference("team/base"), blob);
      assertThat(client.hasBlob(reference("other/app"), descriptor)).isEqualTo(sharesBlobs());
      assertThat(client.mountBlob(reference("other/app"), descriptor, reference("team/base")))
          .isTrue();
      assertThat(client.hasBlob(reference("other/app"), descriptor)).isTrue();
      assertThat(pull(client, reference("other/app"), blob)).isEqualTo(blob);
    }
  }

  @Test
  default void pushByMountingOfWhatIsNotThere() {
    Descriptor none = FakeRegistry.blob(new byte[] {1});
    try (RegistryClient client = client().build()) {
      push(client, reference("team/base"), new byte[] {2});
      assertThat(client.mountBlob(reference("app"), none, reference("team/base"))).isFalse();
      assertThat(client.mountBlob(reference("app"), none, reference("team/none"))).isFalse();
      push(client, reference("app"), new byte[] {1});
      assertThat(client.hasBlob(reference("app"), none)).isTrue();
    }
  }

  @Test
  default void pushOfAManifestWithoutItsBlobsIsRefusedOrTaken() {
    try (RegistryClient client = client().build()) {
      Manifest manifest = Samples.manifest("one");
      try {
        client.putManifest(reference("app:1"), manifest.descriptor(), manifest.raw());
      } catch (RuncibleException e) {
        // 404 is what the specification has; others say 400.
        assertThat(e.kind()).isIn(ErrorKind.NOT_FOUND, ErrorKind.INVALID_INPUT);
        assertNotFound(() -> client.resolve(reference("app:1")));
      }
    }
  }

  @Test
  default void discoveryOfTagsAndRepositories() {
    try (RegistryClient client = client().build()) {
      Samples.put(client, reference("team/app:b"), "one");
      Samples.put(client, reference("team/app:a"), "two");
      Samples.put(client, reference("team/app:c"), "one");
      Samples.put(client, reference("other/base:1"), "one");
      assertThat(client.tags(reference("team/app"))).containsExactly("a", "b", "c");
      assertThat(client.repositories(registry())).containsExactly("other/base", "team/app");
      Digest one = Samples.manifest("one").digest();
      assertThat(client.tagsOf(reference("team/app"), one)).containsExactly("b", "c");
    }
  }

  private static Manifest attach(
      RegistryClient client, ImageReference reference, Digest subject, String name) {
    push(client, reference, new byte[] {'{', '}'});
    Manifest manifest = referrer(subject, name);
    client.putManifest(
        Samples.byDigest(reference, manifest.digest()), manifest.descriptor(), manifest.raw());
    return manifest;
  }

  @Test
  default void discoveryOfReferrers() {
    try (RegistryClient client = client().build()) {
      ImageReference app = reference("team/app:1");
      Digest subject = Samples.put(client, app, "one").digest();
      assertThat(client.referrers(app, subject)).isEmpty();
      Manifest first = attach(client, app, subject, "a");
      attach(client, app, subject, "b");
      attach(client, app, Samples.manifest("two").digest(), "other");
      List<Descriptor> all = client.referrers(app, subject);
      assertThat(names(all)).containsExactlyInAnyOrder("a", "b");
      assertThat(client.referrers(app, subject, "application/x.a"))
          .singleElement()
          .satisfies(
              found -> {
                assertThat(found.digest()).isEqualTo(first.digest());
                assertThat(found.size()).isEqualTo(first.raw().length);
                assertThat(found.mediaType()).isEqualTo(MediaType.OCI_MANIFEST);
                assertThat(found.artifactType()).contains("application/x.a");
              });
      assertThat(client.tags(app).contains("sha256-" + subject.hex())).isEqualTo(!keepsReferrers());
    }
  }

  @Test
  default void managementOfReferrers() {
    try (RegistryClient client = client().build()) {
      ImageReference app = reference("team/app:1");
      Digest subject = Samples.put(client, app, "one").digest();
      Manifest first = attach(client, app, subject, "a");
      attach(client, app, subject, "b");
      client.delete(Samples.byDigest(app, first.digest()));
      assertThat(names(client.referrers(app, subject))).containsExactly("b");
      assertNotFound(() -> client.resolve(Samples.byDigest(app, first.digest())));
    }
  }

  @Test
  default void managementOfTags() {
    try (RegistryClient client = client().build()) {
      Samples.put(client, reference("app:1"), "one");
      Digest digest = Samples.put(client, reference("app:2"), "one").digest();
      if (!deletesTags()) {
        RuncibleException failure = failure(() -> client.delete(reference("app:1")));
        assertThat(failure.kind()).isEqualTo(ErrorKind.UNSUPPORTED);
        assertThat(client.tags(reference("app"))).containsExactly("1", "2");
        return;
      }
      client.delete(reference("app:1"));
      assertThat(client.tags(reference("app"))).containsExactly("2");
      assertThat(client.resolve(pinned("app", digest)).digest()).isEqualTo(digest);
      assertNotFound(() -> client.delete(reference("app:1")));
    }
  }

  @Test
  default void managementOfManifests() {
    try (RegistryClient client = client().build()) {
      Samples.put(client, reference("app:1"), "one");
      Digest one = Samples.put(client, reference("app:latest"), "one").digest();
      Digest two = Samples.put(client, reference("app:2"), "two").digest();
      ImageReference reference = reference("app:1").withDigest(one);
      assertThat(failure(() -> client.delete(reference)))
          .hasMessageContaining("latest")
          .extracting(RuncibleException::kind)
          .isEqualTo(ErrorKind.FAILED_PRECONDITION);
      assertThat(client.resolve(reference("app:1")).digest()).isEqualTo(one);
      client.delete(reference, client.tagsOf(reference, one));
      assertNotFound(() -> client.resolve(reference("app:1")));
      assertNotFound(() -> client.resolve(reference("app:latest")));
      assertNotFound(() -> client.resolve(pinned("app", one)));
      assertNotFound(() -> client.delete(reference));
      assertThat(client.resolve(reference("app:2")).digest()).isEqualTo(two);
    }
  }

  @Test
  default void managementOfBlobs() {
    byte[] blob = FakeRegistry.random(1000);
    Descriptor descriptor = FakeRegistry.blob(blob);
    try (RegistryClient client = client().build()) {
      push(client, reference("app"), blob);
      client.deleteBlob(reference("app"), descriptor.digest());
      assertThat(client.hasBlob(reference("app"), descriptor)).isFalse();
      assertNotFound(() -> client.deleteBlob(reference("app"), descriptor.digest()));
    }
  }

  @Test
  default void aStrangerIsRefusedWhereALoginIsNeeded() {
    try (RegistryClient known = client().build()) {
      Samples.put(known, reference("app:1"), "one");
    }
    if (!needsLogin()) {
      return;
    }
    try (RegistryClient stranger =
        RegistryClient.builder().credentialStore(CredentialStore.NONE).build()) {
      Digest digest = Samples.manifest("one").digest();
      for (Runnable call :
          List.<Runnable>of(
              () -> stranger.resolve(reference("app:1")),
              () -> stranger.tags(reference("app")),
              () -> stranger.repositories(registry()),
              () -> stranger.delete(reference("app:1").withDigest(digest)),
              () -> stranger.deleteBlob(reference("app"), digest),
              () -> push(stranger, reference("app"), new byte[1]))) {
        assertThat(failure(call).kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
      }
      assertThat(
              stranger.mountBlob(
                  reference("other"), Samples.manifest("one").config(), reference("app")))
          .isFalse();
    }
  }

  /** Whether nobody may do anything without credentials. */
  default boolean needsLogin() {
    return false;
  }
}
