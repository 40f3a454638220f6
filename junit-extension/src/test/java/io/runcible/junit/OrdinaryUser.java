package io.runcible.junit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * A user of the host with subordinate ids, made for one test by root, and a directory with its
 * home, its runtime directory and the classes of this JVM. Closing it removes all.
 */
final class OrdinaryUser implements AutoCloseable {
  /** Every user may open it on most hosts, but not on all; so in a mount namespace of its own. */
  private static final String TUN =
      "mount -t tmpfs tun /dev/net && mknod -m 666 /dev/net/tun c 10 200 && exec \"$@\"";

  private final String name = "runcible" + ProcessHandle.current().pid() + "j";
  private final Path directory;

  private OrdinaryUser() throws IOException {
    directory = Files.createTempDirectory(base(), "runcible-user");
  }

  /** Not on an overlay, on which an engine's directories must not be. */
  private static Path base() throws IOException {
    Path usual = Path.of(System.getProperty("java.io.tmpdir")).toRealPath();
    FileStore store = Files.getFileStore(usual);
    boolean fits =
        !store.type().equals("overlay")
            && store.supportsFileAttributeView(UserDefinedFileAttributeView.class);
    return fits ? usual : Path.of("/dev/shm");
  }

  /** Skips the test where the host does not have what this takes. */
  static OrdinaryUser create() throws IOException {
    require(run("id", "-u").equals("0"), "only root makes users");
    require(Files.exists(Path.of("/dev/net/tun")), "/dev/net/tun is missing: modprobe tun");
    for (String program :
        List.of("setpriv", "useradd", "newuidmap", "nsenter", "nft", "pasta|slirp4netns")) {
      boolean found =
          Stream.of(program.split("\\|"))
              .flatMap(one -> Stream.of("/usr/bin/" + one, "/usr/sbin/" + one))
              .anyMatch(path -> Files.isExecutable(Path.of(path)));
      require(found, program + " is missing");
    }
    OrdinaryUser user = new OrdinaryUser();
    try {
      user.make();
      return user;
    } catch (IOException | RuntimeException | Error e) {
      try {
        user.close();
      } catch (IOException | AssertionError suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private void make() throws IOException {
    String home = directory.resolve("home").toString();
    run("useradd", "--no-create-home", "--home-dir", home, "-U", name);
    allow(directory, "rwxr-xr-x");
    directory("home");
    directory("run");
  }

  /** One of its own, made if it is not there. */
  Path directory(String own) throws IOException {
    Path path = directory.resolve(own);
    run("install", "-d", "-m", "700", "-o", name, "-g", name, path.toString());
    return path;
  }

  private static void require(boolean holds, String missing) {
    if (!holds && Boolean.getBoolean("runcible.required")) {
      throw new AssertionError(missing);
    }
    Assumptions.assumeTrue(holds, missing);
  }

  private static String run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
    if (process.onExit().join().exitValue() != 0) {
      throw new AssertionError(List.of(command) + ": " + output);
    }
    return output;
  }

  private static void allow(Path path, String permissions) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }

  /** What its engine keeps. */
  Path data() {
    return directory.resolve("home/.local/share/runcible");
  }

  /** Copies of the entries of a class path, which may be in root's home. */
  String readable(String classPath) throws IOException {
    Path classes = Files.createTempDirectory(directory, "classes");
    List<String> copies = new ArrayList<>();
    for (String entry : classPath.split(File.pathSeparator)) {
      if (Files.exists(Path.of(entry))) {
        String copy =
            classes.resolve(copies.size() + "-" + Path.of(entry).getFileName()).toString();
        run("cp", "-rL", entry, copy);
        copies.add(copy);
      }
    }
    run("chmod", "-R", "a+rX", classes.toString());
    return String.join(File.pathSeparator, copies);
  }

  /** What makes a command this user's, with nothing of the environment but what it needs. */
  List<String> prefix() {
    return List.of(
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        TUN,
        "sh",
        "setpriv",
        "--reuid=" + name,
        "--regid=" + name,
        "--clear-groups",
        "env",
        "-i",
        "PATH=/usr/bin:/bin",
        "HOME=" + directory.resolve("home"),
        "XDG_RUNTIME_DIR=" + directory.resolve("run"));
  }

  @Override
  public void close() throws IOException {
    try {
      run("userdel", "--force", name);
    } finally {
      // Not by hand: what ends after the JVM may still remove files of its own.
      run("rm", "-rf", directory.toString());
    }
  }
}
