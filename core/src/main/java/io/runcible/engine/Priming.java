package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.Hashers;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * How a container gets the state that others are to begin with; see {@link ContainerEngine#prime}.
 * Immutable; each method gives a new one.
 */
public final class Priming {
  /** The label of a primed image; its value is the name of the priming. */
  public static final String LABEL = "io.runcible.primed";

  private static final Duration GRACE = Duration.ofSeconds(30);
  private static final Duration KEEP = Duration.ofDays(14);
  private static final int BUFFER = 64 << 10;

  private final String name;
  private final Initializer initializer;
  private final List<Supplier<String>> inputs;
  private final Duration grace;
  private final Duration keep;

  /** Fills a container. */
  @FunctionalInterface
  public interface Initializer {
    /**
     * Starts the container, waits until it is ready, and fills it. When this returns, the container
     * is stopped, if it still runs, and kept.
     *
     * @param container has not been started; removed afterwards
     * @throws Exception whatever fails; nothing is kept then
     */
    void initialize(Container container) throws Exception;
  }

  private Priming(
      String name,
      Initializer initializer,
      List<Supplier<String>> inputs,
      Duration grace,
      Duration keep) {
    this.name = name;
    this.initializer = initializer;
    this.inputs = inputs;
    this.grace = grace;
    this.keep = keep;
  }

  /**
   * A priming without inputs.
   *
   * @param name tells initializers apart, also those of other programs: one that does something
   *     else has another name
   * @throws RuncibleException INVALID_INPUT without a name
   */
  public static Priming of(String name, Initializer initializer) {
    if (name.isBlank()) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, "a priming has a name");
    }
    return new Priming(name, initializer, List.of(), GRACE, KEEP);
  }

  /** With a text that the state depends on: another one makes another state. */
  public Priming input(String text) {
    return with(() -> text);
  }

  /**
   * With a file, or a directory with all below it, that the state depends on: other contents or
   * names make another state. Symbolic links are followed. Read at each {@link
   * ContainerEngine#prime}, which fails with NOT_FOUND if it is missing, and with INVALID_INPUT if
   * a link leads to a directory that it is in.
   */
  public Priming input(Path file) {
    Path absolute = file.toAbsolutePath();
    return with(() -> contents(absolute));
  }

  private Priming with(Supplier<String> input) {
    List<Supplier<String>> more = new ArrayList<>(inputs);
    more.add(input);
    return new Priming(name, initializer, List.copyOf(more), grace, keep);
  }

  /** How long the container may take to stop. By default 30 seconds. */
  public Priming grace(Duration grace) {
    return new Priming(name, initializer, inputs, grace, keep);
  }

  /**
   * How long the state is kept when nobody asks for it: then the next priming of another one, in
   * any process, removes it. By default 14 days.
   */
  public Priming keepUnused(Duration keep) {
    return new Priming(name, initializer, inputs, grace, keep);
  }

  String name() {
    return name;
  }

  Initializer initializer() {
    return initializer;
  }

  Duration grace() {
    return grace;
  }

  Duration keep() {
    return keep;
  }

  /** The inputs as they are now. */
  List<String> inputs() {
    return inputs.stream().map(Supplier::get).toList();
  }

  private static String contents(Path top) {
    if (!Files.exists(top)) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "the input '" + top + "' of a priming does not exist");
    }
    Digest.Hasher all = Hashers.sha256();
    try {
      Path real = top.toRealPath();
      for (Path path : below(real)) {
        String link = Files.isSymbolicLink(path) ? Files.readSymbolicLink(path) + "\0" : "";
        add(all, real.relativize(path) + "\0" + link + contentsOfOne(path) + "\n");
      }
      return all.finish().toString();
    } catch (FileSystemLoopException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the input '" + top + "' of a priming has a link to what it is in: " + e.getFile(),
          e);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot read the input '" + top + "' of a priming", e);
    }
  }

  private static List<Path> below(Path top) throws IOException {
    try (Stream<Path> found = Files.walk(top, FileVisitOption.FOLLOW_LINKS)) {
      return found.sorted().toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static String contentsOfOne(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return "directory";
    }
    if (!Files.isRegularFile(path)) {
      return Files.isSymbolicLink(path)
          ? "link to nothing"
          : "of kind " + Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    }
    Digest.Hasher one = Hashers.sha256();
    try (InputStream in = Files.newInputStream(path)) {
      byte[] buffer = new byte[BUFFER];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        one.update(buffer, 0, count);
      }
    }
    return one.finish().toString();
  }

  private static void add(Digest.Hasher hasher, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    hasher.update(bytes, 0, bytes.length);
  }
}
