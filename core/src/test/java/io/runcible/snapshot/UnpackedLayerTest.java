package io.runcible.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.archive.ArchiveBudget;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.LayerFormat;
import io.runcible.archive.Ownership;
import io.runcible.archive.TarBytes;
import io.runcible.ffi.EachCall;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class UnpackedLayerTest {
  /** As a connection may that was broken after the last byte. */
  @Test
  void blobThatFailsAsItIsClosedLeavesNothingOpen(@TempDir Path directory) throws Exception {
    byte[] tar = new TarBytes().file("file", "content").bytes();
    InputStream blob =
        new FilterInputStream(new ByteArrayInputStream(tar)) {
          @Override
          public void close() throws IOException {
            throw new IOException("broken");
          }
        };
    UnpackedLayer.Form form =
        new UnpackedLayer.Form(
            LayerFormat.PLAIN, Ownership.IGNORE, new ArchiveBudget(ArchiveLimits.DEFAULT));
    Set<String> before = EachCall.openFiles();
    assertThatThrownBy(
            () ->
                UnpackedLayer.unpack(
                    blob,
                    Digest.sha256(tar),
                    directory,
                    form,
                    stage -> {
                      throw new RejectedExecutionException();
                    }))
        .hasMessage("broken");
    assertThat(directory.resolve("file")).hasContent("content");
    EachCall.assertNoMoreThan(before, "open");
  }
}
