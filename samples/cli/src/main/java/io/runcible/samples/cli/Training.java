package io.runcible.samples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.archive.LayerDiff;
import io.runcible.archive.LayerFormat;
import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * Loads the classes of the usual commands, for the launcher's archive of classes. Whether the
 * commands succeed does not matter.
 */
final class Training {
  private Training() {}

  /** Takes a new directory for its files. */
  public static void main(String[] args) throws IOException {
    Path directory = Path.of(args[0]);
    String layout = "oci:" + directory.resolve("layout");
    ImageLayout images = ImageLayout.create(directory.resolve("layout"));
    byte[] text = "text".getBytes(UTF_8);
    LayerWriter layer =
        new LayerWriter()
            .addDirectory("/directory", 0755)
            .addFile("/directory/file", 0644, text)
            .addSymlink("/link", "directory/file")
            .addFile("/file", 0644, text);
    // What an upper layer does to lower ones is other code.
    LayerWriter upper = new LayerWriter().addFile("/directory/other", 0644, text);
    upper.addWhiteout("/directory/file");
    ImageAssembly.builder(Platform.host())
        .layer(layer.writeTo(directory.resolve("layer")))
        .layer(upper.writeTo(directory.resolve("upper")))
        .layer(large(directory))
        .build()
        .writeTo(images, ImageReference.parse("samples/training:1"));
    try (RegistryServer registry = RegistryServer.serve(images).writable().start()) {
      String image = registry.host() + "/samples/training:1";
      String root = directory.resolve("data").toString();
      String state = directory.resolve("state").toString();
      execute("--help");
      execute("tags", image);
      execute("inspect", image);
      execute("inspect", "--json", layout);
      // Tries a secure connection first.
      execute("inspect", "--tls-verify=false", registry.host() + "/samples/none:1");
      execute("copy", "docker://" + image, "oci:" + directory.resolve("copy"));
      execute("copy", "docker://" + image, "docker://" + registry.host() + "/samples/copy:1");
      execute("copy", layout, "oci-archive:" + directory.resolve("copy.tar"));
      execute("sync", "--src", "docker", "--dest", "oci", image, directory + "/copy");
      execute("unpack", image, directory.resolve("rootfs").toString());
      execute("pull", "--root", root, "--state", state, image);
      execute("run", "--root", root, "--state", state, image, "/file");
      execute("images", "--root", root, "--state", state);
      execute("inspect", "--root", root, "--state", state, image);
    }
    // Streams of a client may still have threads.
    System.exit(0);
  }

  /** A layer that is not unpacked in one go, with what else an image of a distribution has. */
  private static WrittenLayer large(Path directory) throws IOException {
    Path tree = Files.createDirectories(directory.resolve("tree"));
    byte[] noise = new byte[2 << 20];
    new Random(1).nextBytes(noise);
    Path file = Files.write(tree.resolve("large"), noise);
    Path inner = Files.createDirectory(tree.resolve("inner"));
    Files.createLink(inner.resolve("hard"), file);
    Files.createSymbolicLink(inner.resolve("soft"), file);
    try {
      for (Path owned : List.of(file, inner, inner.resolve("soft"))) {
        Files.setAttribute(owned, "unix:uid", 1, LinkOption.NOFOLLOW_LINKS);
      }
    } catch (IOException e) {
      // Only root may, and only for root it is unpacked so.
    }
    return LayerDiff.ofOverlay(tree, LayerFormat.OVERLAY).writeTo(directory.resolve("large"));
  }

  private static void execute(String... arguments) {
    Cli.execute(arguments);
  }
}
