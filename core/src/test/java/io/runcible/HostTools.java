package io.runcible;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import io.runcible.ffi.NativeAccess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an integration test needs of its host. A test asks for it in its set-up: where it is missing
 * the test is skipped and says what is missing, or fails if the system property {@code
 * require.capabilities} is {@code all}.
 */
public final class HostTools {
  private HostTools() {}

  /** Needs to be root. */
  public static void requireRoot() {
    require(NativeAccess.isAvailable() && NativeAccess.isRoot(), "this test must run as root");
  }

  /**
   * Needs to be root, or a user that {@code src/test/host} or the guest of {@code src/test/guest}
   * has made, who may do what most tests need.
   */
  public static void requireContainers() {
    require(
        NativeAccess.isAvailable() && (NativeAccess.isRoot() || Boolean.getBoolean("test.user")),
        "this test must run as root");
  }

  /** Needs the runtime that the tests are run on. */
  public static void requireRuntime() {
    String name = chosenRuntime().orElse("runc");
    requireProgram(name, name);
  }

  /** The runtime that the tests are run on, unless it is the one that an engine has by itself. */
  public static Optional<String> chosenRuntime() {
    return Optional.of(System.getProperty("test.runtime", "")).filter(name -> !name.isEmpty());
  }

  /** Needs a program; returns where it is. */
  public static Path requireProgram(String name, String debianPackage) {
    for (String directory : List.of("/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin")) {
      Path program = Path.of(directory, name);
      if (Files.isExecutable(program)) {
        return program;
      }
    }
    require(false, "'" + name + "' is missing: apt-get install " + debianPackage);
    throw new AssertionError("unreachable");
  }

  /** Needs a file; returns it. */
  public static Path requireFile(String file, String debianPackage) {
    require(
        Files.exists(Path.of(file)), "'" + file + "' is missing: apt-get install " + debianPackage);
    return Path.of(file);
  }

  /** Needs something else. */
  public static void require(boolean present, String otherwise) {
    if (present) {
      return;
    }
    @Nullable String required = System.getProperty("require.capabilities");
    if ("all".equals(required)) {
      fail(otherwise);
    }
    abort(otherwise);
  }
}
