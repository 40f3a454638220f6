package io.runcible.layout;

import io.runcible.Digest;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/** Keeps blobs and an index until they make an archive. */
final class OciArchiveSink implements ImageSink {
  private final Path file;
  private final @Nullable String name;
  private final StagedFiles staged;

  /** The sizes of blobs, by their names in the archive. */
  private final SortedMap<String, Long> blobs = new ConcurrentSkipListMap<>();

  private byte[] index = ImageIndex.of(List.of(), Map.of()).raw();

  OciArchiveSink(Path file, @Nullable String name) {
    this.file = file;
    this.name = name;
    this.staged = StagedFiles.beside(file);
  }

  @Override
  public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
    Long size = blobs.get(LayoutReader.blobName(descriptor.digest()));
    return size != null && size == descriptor.size();
  }

  @Override
  public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
    Digest digest = descriptor.digest();
    try (StagedFiles.Unnamed blob = staged.create()) {
      blob.write(new VerifiedInputStream(content, digest, descriptor.size()));
      blob.name(stagedName(digest));
      blobs.put(LayoutReader.blobName(digest), descriptor.size());
    } catch (IOException e) {
      throw LayoutFiles.failure(
          "cannot store " + digest + " of " + reference + " for the archive " + file, e);
    }
  }

  @Override
  public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
    descriptor.verify(raw);
    putBlob(reference, descriptor, new ByteArrayInputStream(raw));
    list(reference, descriptor, raw);
  }

  private synchronized void list(ImageReference reference, Descriptor descriptor, byte[] raw) {
    String listed =
        reference.tag().isEmpty() ? "" : name != null ? name : ImageEntries.fullName(reference);
    try {
      byte[] changed = LayoutIndex.with(index, descriptor, listed, raw);
      ImageIndex.parse(changed, MediaType.OCI_INDEX);
      index = changed;
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot list " + reference + " in the archive " + file, e);
    }
  }

  private static String stagedName(Digest digest) {
    return digest.algorithm() + "-" + digest.hex();
  }

  private synchronized byte[] index() {
    return index;
  }

  @Override
  public void commit() {
    try {
      staged.archive(
          file,
          tar -> {
            tar.add(LayoutReader.VERSION_FILE, LayoutVersion.CURRENT);
            tar.add(LayoutReader.INDEX_FILE, index());
            addBlobs(tar);
          });
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot write the archive " + file, e);
    }
  }

  /** With their directories: skopeo gives root those that are not named, which takes root. */
  private void addBlobs(StagedFiles.Tar tar) throws IOException {
    tar.addDirectory("blobs");
    String directory = "";
    for (String blob : blobs.keySet()) {
      if (directory.isEmpty() || !blob.startsWith(directory + "/")) {
        directory = blob.substring(0, blob.lastIndexOf('/'));
        tar.addDirectory(directory);
      }
      tar.addStaged(blob, blob.substring("blobs/".length()).replace('/', '-'));
    }
  }

  @Override
  public void close() {
    staged.close();
  }
}
