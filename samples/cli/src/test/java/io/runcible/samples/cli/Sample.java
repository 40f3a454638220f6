package io.runcible.samples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.Digest;
import io.runcible.archive.Compression;
import io.runcible.archive.WrittenLayer;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Images, other programs, and the command line in this process. */
final class Sample {
  private Sample() {}

  /** How a command ended, and what it wrote. */
  record Ended(int code, String output, String errors) {}

  /**
   * Runs a command line with this input; one at a time, as the streams are those of the process.
   */
  static synchronized Ended runcible(InputStream input, Object... arguments) {
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    ByteArrayOutputStream errors = new ByteArrayOutputStream();
    InputStream in = System.in;
    PrintStream out = System.out;
    PrintStream err = System.err;
    try (PrintStream capturedOut = new PrintStream(output, true, UTF_8);
        PrintStream capturedErr = new PrintStream(errors, true, UTF_8)) {
      System.setIn(input);
      System.setOut(capturedOut);
      System.setErr(capturedErr);
      int code = Cli.execute(Stream.of(arguments).map(Object::toString).toArray(String[]::new));
      return new Ended(code, output.toString(UTF_8), errors.toString(UTF_8));
    } finally {
      System.setIn(in);
      System.setOut(out);
      System.setErr(err);
    }
  }

  /** Runs a command line without input. */
  static Ended runcible(Object... arguments) {
    return runcible(InputStream.nullInputStream(), arguments);
  }

  /** Runs another program, which has to succeed, and returns its output. */
  static String tool(Object... command) throws Exception {
    List<String> words = new ArrayList<>();
    Stream.of(command).map(Object::toString).forEach(words::add);
    Path errors = Files.createTempFile("tool", ".log");
    try {
      Process process =
          new ProcessBuilder(words)
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .redirectError(errors.toFile())
              .start();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException(words + ": " + Files.readString(errors));
      }
      return output;
    } finally {
      Files.delete(errors);
    }
  }

  /** A layer with owners, modes and links of all kinds, which tar writes. */
  static WrittenLayer filesIn(Path directory) throws Exception {
    Path tree = Files.createDirectories(directory.resolve("tree"));
    Files.createDirectories(tree.resolve("etc/sub"));
    Files.writeString(tree.resolve("etc/passwd"), "nobody:x:65534:65534::/:/\n");
    Files.writeString(tree.resolve("etc/sub/secret"), "text");
    Files.createSymbolicLink(tree.resolve("etc/link"), Path.of("/etc/sub/secret"));
    Files.createLink(tree.resolve("etc/same"), tree.resolve("etc/passwd"));
    tool("chmod", "4751", tree.resolve("etc/sub/secret"));
    tool("chmod", "1777", tree.resolve("etc/sub"));
    Path file = directory.resolve("layer.tar");
    tool("tar", "-C", tree, "--owner=12", "--group=34", "--numeric-owner", "-cf", file, "etc");
    return layer(file);
  }

  /** A layer of these bytes, whatever they are. */
  static WrittenLayer layer(Path tar) throws IOException {
    Digest digest = Digest.sha256(Files.readAllBytes(tar));
    return new WrittenLayer(tar, Compression.NONE, digest, Files.size(tar), digest, List.of());
  }

  /** Writes an image. */
  static void write(ImageLayout layout, String name, WrittenLayer layer) {
    ImageAssembly.builder(Platform.host())
        .layer(layer)
        .config(
            config ->
                config
                    .environment(List.of("PATH=/bin", "A=b"))
                    .labels(Map.of("label", "red\u001b[31m\nnext"))
                    .command("/bin/sh", "-c", "true"))
        .build()
        .writeTo(layout, ImageReference.parse(name));
  }
}
