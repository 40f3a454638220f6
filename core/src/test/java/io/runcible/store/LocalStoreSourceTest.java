package io.runcible.store;

import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.ImageSourceContract;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class LocalStoreSourceTest {
  @TempDir Path root;

  private LocalStore filled(Consumer<ImageSink> content) {
    LocalStore store = LocalStore.open(root);
    try (ImageSink sink = store.sink()) {
      content.accept(sink);
    }
    return store;
  }

  @Nested
  class TheStoreItself implements ImageSourceContract {
    @Override
    public ImageSource source(Consumer<ImageSink> content) {
      return filled(content);
    }
  }

  @Nested
  class OneThatKeepsWhatIsRead implements ImageSourceContract {
    @Override
    public ImageSource source(Consumer<ImageSink> content) {
      return filled(content).source();
    }
  }
}
