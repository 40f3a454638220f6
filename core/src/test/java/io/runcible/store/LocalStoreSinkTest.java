package io.runcible.store;

import io.runcible.image.ImageSink;
import io.runcible.image.ImageSinkContract;
import io.runcible.image.ImageSource;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class LocalStoreSinkTest implements ImageSinkContract {
  @TempDir Path root;
  private LocalStore store;
  private ImageSink sink;

  @BeforeEach
  void open() {
    store = LocalStore.open(root);
    sink = store.sink();
  }

  @AfterEach
  void close() {
    sink.close();
  }

  @Override
  public ImageSink sink() {
    return sink;
  }

  @Override
  public ImageSource written() {
    return store;
  }
}
