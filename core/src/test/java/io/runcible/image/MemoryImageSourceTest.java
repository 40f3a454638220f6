package io.runcible.image;

import java.util.function.Consumer;

/** The double that other tests trust keeps the contracts too. */
class MemoryImageSourceTest implements ImageSourceContract, ImageSinkContract {
  private final MemoryImageSource memory = new MemoryImageSource();

  @Override
  public ImageSource source(Consumer<ImageSink> content) {
    content.accept(memory);
    return memory;
  }

  @Override
  public ImageSink sink() {
    return memory;
  }

  @Override
  public ImageSource written() {
    return memory;
  }
}
