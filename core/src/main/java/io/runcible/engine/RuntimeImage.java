package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An image that has programs for an engine, for a host on which they are not installed. Immutable.
 *
 * <pre>{@code
 * RuntimeImage image =
 *     RuntimeImage.of("registry.example/runtime@sha256:…", "/usr/bin/runc").helper("/bin/busybox");
 * }</pre>
 *
 * <p>What the programs do they do as this process, so the image is pinned by its digest, and is
 * checked as every image is, with the host's policy and the verifiers. The programs are taken out
 * of it and run on the host: they must be linked statically, or find their libraries there.
 *
 * <p>Setuid programs are of no use from an image. So {@code newuidmap} and {@code newgidmap} have
 * to be installed; without them an ordinary user's containers have a single id.
 */
public final class RuntimeImage {
  private static final int MAX_PATH = 4096;
  private static final int MAX_PROGRAMS = 32;

  private final ImageReference image;
  private final String runtime;
  private final @Nullable String helper;
  private final List<String> programs;

  private RuntimeImage(
      ImageReference image, String runtime, @Nullable String helper, List<String> programs) {
    this.image = image;
    this.runtime = runtime;
    this.helper = helper;
    this.programs = List.copyOf(programs);
  }

  /**
   * An image with an OCI runtime.
   *
   * @param image the image, with its digest; a tag beside it is for people
   * @param runtime the absolute path of the runtime in it
   * @throws RuncibleException INVALID_INPUT for an image without digest, or a path that is none
   */
  public static RuntimeImage of(String image, String runtime) {
    ImageReference reference = ImageReference.parse(image);
    if (reference.digest().isEmpty()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "a runtime image is named with its digest, as in "
              + reference.name()
              + "@sha256:...; a tag alone may be another image tomorrow");
    }
    return new RuntimeImage(reference, path(runtime), null, List.of());
  }

  /**
   * Reads the form of the command line: the image, and after commas {@code runtime=PATH}, {@code
   * helper=PATH} and, as often as needed, {@code program=PATH}.
   *
   * @throws RuncibleException INVALID_INPUT if it is not understood, or as {@link #of}
   */
  public static RuntimeImage parse(String text) {
    String[] parts = text.split(",", -1);
    String runtime = null;
    String helper = null;
    List<String> programs = new ArrayList<>();
    for (int i = 1; i < parts.length; i++) {
      int equals = parts[i].indexOf('=');
      String key = equals < 0 ? parts[i] : parts[i].substring(0, equals);
      String value = parts[i].substring(equals + 1);
      if (key.equals("runtime") && equals > 0 && runtime == null) {
        runtime = value;
      } else if (key.equals("helper") && equals > 0 && helper == null) {
        helper = value;
      } else if (key.equals("program") && equals > 0) {
        programs.add(value);
      } else {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT,
            "a runtime image is IMAGE@DIGEST,runtime=PATH[,helper=PATH][,program=PATH]..., without"
                + " '"
                + parts[i]
                + "'");
      }
    }
    if (runtime == null) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "a runtime image needs runtime=PATH: '" + text + "'");
    }
    RuntimeImage image = of(parts[0], runtime);
    image = helper == null ? image : image.helper(helper);
    for (String program : programs) {
      image = image.program(program);
    }
    return image;
  }

  /**
   * The same with a static busybox, whose applets stand in for the shell and the small tools that
   * the host lacks: those that end containers after a crash, watch detached ones and, for an
   * ordinary user, enter namespaces.
   *
   * @param path its absolute path in the image
   */
  public RuntimeImage helper(String path) {
    return new RuntimeImage(image, runtime, path(path), programs);
  }

  /**
   * The same with a further program, under the name that it has, such as {@code pasta} or {@code
   * nft}.
   *
   * @param path its absolute path in the image
   */
  public RuntimeImage program(String path) {
    if (programs.size() == MAX_PROGRAMS) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "a runtime image has at most " + MAX_PROGRAMS + " programs");
    }
    List<String> more = Stream.concat(programs.stream(), Stream.of(path(path))).toList();
    return new RuntimeImage(image, runtime, helper, more);
  }

  private static String path(String path) {
    boolean absolute = path.startsWith("/") && !path.endsWith("/") && path.length() <= MAX_PATH;
    if (!absolute || path.indexOf('\0') >= 0 || name(path).matches("\\.{0,2}")) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "'" + path + "' is no absolute path of a program in a runtime image");
    }
    return path;
  }

  /** What the program of a path is called. */
  static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** The image, with its digest. */
  public ImageReference image() {
    return image;
  }

  /** The path of the runtime. */
  public String runtime() {
    return runtime;
  }

  /** The path of the busybox. */
  public Optional<String> helper() {
    return Optional.ofNullable(helper);
  }

  /** The paths of the further programs. */
  public List<String> programs() {
    return programs;
  }

  /** All paths, each once. */
  List<String> paths() {
    return Stream.of(Stream.of(runtime), helper().stream(), programs.stream())
        .flatMap(paths -> paths)
        .distinct()
        .toList();
  }

  /** As {@link #parse} reads it. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(image + ",runtime=" + runtime);
    helper().ifPresent(path -> text.append(",helper=").append(path));
    programs.forEach(path -> text.append(",program=").append(path));
    return text.toString();
  }
}
