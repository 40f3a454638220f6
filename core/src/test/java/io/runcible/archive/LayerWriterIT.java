package io.runcible.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Tool;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What GNU tar makes of the layers that are written here. */
class LayerWriterIT {
  private static final String LONG = "d".repeat(150) + "/" + "f".repeat(200);

  @TempDir Path directory;

  @Test
  void gnuTarListsTheSame() throws Exception {
    Tool tar = Tool.require("tar", "tar");
    WrittenLayer layer =
        new LayerWriter()
            .addDirectory("tmp", 01777)
            .addFile("bin/tool", 04755, "content".getBytes(UTF_8))
            .addFile(LONG, 0640, new byte[] {'x'})
            .addSymlink("bin/link", "/" + "t".repeat(200))
            .addFile("caf\u00e9", 0, new byte[0])
            .writeTo(directory.resolve("layer.tar.gz"));
    String listing =
        tar.run("--numeric-owner", "--full-time", "--quoting-style=literal", "-tvzf", layer.file());
    assertThat(listing.lines().map(line -> line.replaceAll(" +", " ")))
        .containsExactly(
            "lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 bin/link -> /" + "t".repeat(200),
            "-rwsr-xr-x 0/0 7 1970-01-01 00:00:00 bin/tool",
            "---------- 0/0 0 1970-01-01 00:00:00 caf\u00e9",
            "-rw-r----- 0/0 1 1970-01-01 00:00:00 " + LONG,
            "drwxrwxrwt 0/0 0 1970-01-01 00:00:00 tmp/");
  }
}
