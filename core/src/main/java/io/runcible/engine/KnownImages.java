package io.runcible.engine;

import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
import io.runcible.store.ContentStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The images that containers were made of last, read and verified: to do that again is a good part
 * of making a container. What a digest names does not change; only whether the store still has it
 * is looked at. Thread-safe.
 */
final class KnownImages {
  private static final int MAX = 32;

  private final ContentStore content;
  private final Map<List<Object>, Known> known = new LinkedHashMap<>();

  /** Which files it was read from. */
  private record Known(Image image, List<Object> files) {}

  KnownImages(ContentStore content) {
    this.content = content;
  }

  /**
   * The image of a name.
   *
   * @param manifest what the name stands for
   * @param reading reads it from the store
   */
  Image get(ImageReference reference, Descriptor manifest, Supplier<Image> reading) {
    List<Object> key = List.of(reference, manifest.digest());
    @Nullable Known before;
    synchronized (known) {
      before = known.get(key);
    }
    if (before != null
        && !before.files().isEmpty()
        && before.files().equals(files(before.image()))) {
      return before.image();
    }
    Image read = reading.get();
    // Before they are read: what is changed meanwhile is read again.
    List<Object> files = files(read);
    read.config(); // An image without it is none.
    synchronized (known) {
      known.remove(key);
      known.put(key, new Known(read, files));
      if (known.size() > MAX) {
        known.remove(known.keySet().iterator().next());
      }
    }
    return read;
  }

  /** What changes with the files; empty if one is missing. */
  private List<Object> files(Image image) {
    List<Object> files = new ArrayList<>();
    try {
      for (Descriptor blob : List.of(image.descriptor(), image.manifest().config())) {
        BasicFileAttributes file =
            Files.readAttributes(content.path(blob.digest()), BasicFileAttributes.class);
        files.addAll(List.of(file.size(), file.lastModifiedTime(), String.valueOf(file.fileKey())));
      }
      return files;
    } catch (IOException e) {
      return List.of();
    }
  }
}
