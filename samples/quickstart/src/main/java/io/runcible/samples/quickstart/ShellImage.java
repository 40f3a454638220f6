package io.runcible.samples.quickstart;

import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** An image of the host's own shell, with the libraries that it needs, served on loopback. */
final class ShellImage implements AutoCloseable {
  private static final List<String> PROGRAMS =
      List.of("/bin/sh", "/bin/cat", "/bin/sleep", "/bin/uname");
  private static final Pattern LIBRARY = Pattern.compile("(/\\S+) \\(0x");
  private static final String GREETING =
      """
      echo "Hello from a container: process $$ on $(uname -s), host name $(cat /etc/hostname)"
      """;

  private final Path directory;
  private final RegistryServer server;

  private ShellImage(Path directory, RegistryServer server) {
    this.directory = directory;
    this.server = server;
  }

  /** Makes the image and starts to serve it. */
  static ShellImage serve() throws IOException {
    Path directory = Files.createTempDirectory("quickstart");
    try {
      ImageLayout layout = ImageLayout.create(directory.resolve("layout"));
      ImageAssembly.builder(Platform.host())
          .layer(shell(directory))
          .layer(greeting(directory))
          .config(config -> config.command("/bin/sh", "/greeting.sh"))
          .build()
          .writeTo(layout, ImageReference.parse("quickstart/shell:latest"));
      return new ShellImage(directory, RegistryServer.serve(layout).start());
    } catch (IOException | RuntimeException e) {
      delete(directory);
      throw e;
    }
  }

  private static WrittenLayer shell(Path directory) throws IOException {
    LayerWriter layer = new LayerWriter();
    Set<String> files = new LinkedHashSet<>(PROGRAMS);
    for (String program : PROGRAMS) {
      files.addAll(libraries(program));
    }
    for (String file : files) {
      layer.addFile(file.substring(1), 0755, Path.of(file).toRealPath());
    }
    layer.addDirectory("tmp", 01777);
    return layer.writeTo(directory.resolve("shell.tar.gz"));
  }

  private static WrittenLayer greeting(Path directory) {
    return new LayerWriter()
        .addFile("greeting.sh", 0755, GREETING.getBytes(StandardCharsets.UTF_8))
        .writeTo(directory.resolve("greeting.tar.gz"));
  }

  /** The shared libraries and the loader, as the loader itself tells; none of a static program. */
  private static Set<String> libraries(String program) throws IOException {
    Process ldd = new ProcessBuilder("ldd", program).redirectErrorStream(true).start();
    String said = new String(ldd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    Set<String> found = new LinkedHashSet<>();
    Matcher matcher = LIBRARY.matcher(said);
    while (matcher.find()) {
      found.add(matcher.group(1));
    }
    return found;
  }

  String reference() {
    return server.host() + "/quickstart/shell:latest";
  }

  /** Ends the server and removes what it served. */
  @Override
  public void close() throws IOException {
    server.close();
    delete(directory);
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
