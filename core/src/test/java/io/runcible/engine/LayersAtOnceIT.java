package io.runcible.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.ProgressEvent;
import io.runcible.ProgressListener;
import io.runcible.archive.LayerWriter;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How much of an image is under way at a time. */
class LayersAtOnceIT {
  private static final String IMAGE = "registry.example/many:1";
  private static final int BOUND = Math.max(4, Runtime.getRuntime().availableProcessors());

  @TempDir Path files;

  @BeforeAll
  static void host() {
    HostTools.requireContainers();
    HostTools.requireRuntime();
  }

  private ImageLayout imageOf(int layers) {
    ImageLayout layout = ImageLayout.create(files.resolve("layout"));
    ImageAssembly.Builder image = ImageAssembly.builder(Platform.host());
    for (int i = 0; i < layers; i++) {
      LayerWriter layer =
          new LayerWriter().addFile("/file" + i, 0644, ("text " + i).getBytes(UTF_8));
      image.layer(layer.writeTo(files.resolve("layer" + i)));
    }
    image.build().writeTo(layout, ImageReference.parse(IMAGE));
    return layout;
  }

  /** Holds every layer that begins until as many have begun as may, and a while longer. */
  private static final class Holding implements ProgressListener {
    private final CountDownLatch full = new CountDownLatch(BOUND);
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final AtomicInteger finished = new AtomicInteger();

    @Override
    public void onProgress(ProgressEvent event) {
      if (event instanceof ProgressEvent.Started) {
        most.accumulateAndGet(open.incrementAndGet(), Math::max);
        full.countDown();
        try {
          full.await(30, TimeUnit.SECONDS);
          // For one too many to show itself.
          Thread.sleep(100);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      } else if (event instanceof ProgressEvent.Finished) {
        open.decrementAndGet();
        finished.incrementAndGet();
      }
    }
  }

  @Test
  void asManyLayersAsProcessorsAndAtLeastFourAreUnderWay() {
    Holding listener = new Holding();
    int layers = BOUND + 3;
    try (TestRoot root = TestRoot.create();
        ImageLayout layout = imageOf(layers);
        ContainerEngine engine = root.engine().registry(layout).build()) {
      engine.images().pull(IMAGE, listener);
      assertThat(engine.images().check(false).problems()).isEmpty();
    }
    assertThat(listener.most).hasValue(BOUND);
    assertThat(listener.finished).hasValue(layers);
  }
}
