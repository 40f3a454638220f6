package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.blob;
import static io.runcible.registry.FakeRegistry.content;
import static io.runcible.registry.FakeRegistry.random;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.image.ImageReference;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import mockwebserver3.MockResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An application of a server that shares the library with others. */
class ContextLoaderTest extends FakeRegistryTests {
  private static final byte[] CONTENT = random(300_000);

  private final ClassLoader application = new ClassLoader(null) {};
  private final List<ClassLoader> seen = new ArrayList<>();
  private ClassLoader before;

  @BeforeEach
  void remember() {
    before = Thread.currentThread().getContextClassLoader();
  }

  @AfterEach
  void restore() {
    Thread.currentThread().setContextClassLoader(before);
  }

  @Test
  void threadsOfTheHttpLibraryHaveNothingOfWhoNeededThemFirst() throws Exception {
    serve(
        request ->
            switch (request.getMethod()) {
              case "POST" ->
                  new MockResponse.Builder().code(202).addHeader("Location", "/upload").build();
              case "PUT" -> new MockResponse.Builder().code(201).build();
              default -> content(CONTENT).build();
            });
    ImageReference reference = registry.reference("team/app:1");
    Thread.currentThread().setContextClassLoader(application);
    try (InputStream blob = client.blob(reference, blob(CONTENT))) {
      assertThat(blob.readAllBytes()).isEqualTo(CONTENT);
    }
    client.putBlob(reference, blob(CONTENT), watched());
    assertThat(Thread.currentThread().getContextClassLoader()).isSameAs(application);
    // What is read of the caller's is read as the caller.
    assertThat(seen).isNotEmpty().containsOnly(application);
    assertThat(Thread.getAllStackTraces().keySet())
        .filteredOn(thread -> thread.getContextClassLoader() == application)
        .containsExactly(Thread.currentThread());
  }

  private InputStream watched() {
    return new ByteArrayInputStream(CONTENT) {
      @Override
      public synchronized int read(byte[] buffer, int offset, int length) {
        seen.add(Thread.currentThread().getContextClassLoader());
        return super.read(buffer, offset, length);
      }
    };
  }
}
