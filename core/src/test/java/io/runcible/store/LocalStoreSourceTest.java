package io.runcible.store;

import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.ImageSourceContract;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class LocalStoreSourceTest implements ImageSourceContract {
  @TempDir Path root;

  @Override
  public ImageSource source(Consumer<ImageSink> content) {
    LocalStore store = LocalStore.open(root);
    try (ImageSink sink = store.sink()) {
      content.accept(sink);
    }
    return store;
  }
}
