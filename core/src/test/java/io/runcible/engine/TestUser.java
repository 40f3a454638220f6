package io.runcible.engine;

import io.runcible.HostTools;
import io.runcible.Tool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An ordinary user of the host, made for one test, and a directory that holds its home and its
 * runtime directory. Closing it removes all.
 */
public final class TestUser implements AutoCloseable {
  private static final Pattern NUMBERS =
      Pattern.compile("uid=(\\d+).* gid=(\\d+).*", Pattern.DOTALL);

  /** Written by a shell: this JVM may have a locale without them. */
  private static final List<String> LETTERS =
      List.of(
          "sh",
          "-c",
          """
          name=$(printf '\\303\\274-\\343\\203\\207\\343\\203\\274\\343\\202\\277')
          export LC_ALL=C.UTF-8 XDG_DATA_HOME="$HOME/$name" XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR/$name"
          mkdir -m 700 -p "$XDG_RUNTIME_DIR"
          exec "$@"
          """,
          "sh");

  private final String name;
  private final Path directory;
  private final String uid;
  private final String gid;

  private TestUser(String name, Path directory) throws IOException, InterruptedException {
    this.name = name;
    this.directory = directory;
    Matcher numbers = NUMBERS.matcher(Tool.require("id", "coreutils").run(name));
    if (!numbers.matches()) {
      throw new IllegalStateException("no user " + name);
    }
    uid = numbers.group(1);
    gid = numbers.group(2);
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    for (String own : List.of("home", "run")) {
      Tool.require("install", "coreutils")
          .run("-d", "-m", "700", "-o", uid, "-g", gid, directory.resolve(own));
    }
  }

  /** Fails or skips a test where the host has not what such a user takes. */
  public static void needPrograms() {
    HostTools.requireProgram("setpriv", "util-linux");
    HostTools.requireProgram("nsenter", "util-linux");
    HostTools.requireProgram("useradd", "passwd");
    HostTools.requireProgram("newuidmap", "uidmap");
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    HostTools.require(
        !java.startsWith("/root"), "other users cannot run the JDK in '" + java + "': move it");
  }

  /**
   * Makes a user.
   *
   * @param withRange whether it gets a range of subordinate ids
   */
  public static TestUser create(Path directory, boolean withRange)
      throws IOException, InterruptedException {
    String name = "runcible" + ProcessHandle.current().pid() + (withRange ? "r" : "s");
    List<Object> arguments =
        new ArrayList<>(
            List.of("--no-create-home", "--home-dir", directory.resolve("home"), "--user-group"));
    if (!withRange) {
      // Only ordinary users get a range.
      arguments.add("--system");
    }
    arguments.add(name);
    Tool.require("useradd", "passwd").run(arguments.toArray());
    try {
      return new TestUser(name, directory);
    } catch (IOException | RuntimeException e) {
      remove(name);
      throw e;
    }
  }

  /** Starts a JVM as this user, with nothing of the environment but what it needs. */
  public ChildJvm jvm(Class<?> main, Object... arguments) {
    return jvm(List.of(), main, arguments);
  }

  /**
   * The same, where every user may open {@code /dev/net/tun}, as on most hosts. That holds in a
   * mount namespace of the JVM's own.
   *
   * @param script what else to do as root before, in that namespace
   */
  ChildJvm jvmWithTun(String script, Class<?> main, Object... arguments) {
    return jvm(withTun(script), main, arguments);
  }

  /** The same, whose directories have letters beyond ASCII in their names. */
  ChildJvm jvmWithTunAndLetters(String script, Class<?> main, Object... arguments) {
    return jvm(withTun(script), LETTERS, main, arguments);
  }

  /** Without the device. */
  ChildJvm jvmWithLetters(Class<?> main, Object... arguments) {
    return jvm(List.of(), LETTERS, main, arguments);
  }

  private static List<String> withTun(String script) {
    String tun = "mount -t tmpfs tun /dev/net && mknod -m 666 /dev/net/tun c 10 200";
    String all = tun + " && { " + script + "; } && exec \"$@\"";
    return List.of("unshare", "--mount", "--propagation", "private", "sh", "-c", all, "sh");
  }

  ChildJvm jvm(List<String> before, Class<?> main, Object... arguments) {
    return jvm(before, List.of(), main, arguments);
  }

  private ChildJvm jvm(
      List<String> before, List<String> after, Class<?> main, Object... arguments) {
    List<String> wrapper = new ArrayList<>(before);
    wrapper.addAll(
        List.of(
            "setpriv",
            "--reuid=" + uid,
            "--regid=" + gid,
            "--clear-groups",
            "env",
            "-i",
            "PATH=/usr/bin:/bin",
            "HOME=" + directory.resolve("home"),
            "XDG_RUNTIME_DIR=" + directory.resolve("run")));
    wrapper.addAll(after);
    return ChildJvm.start(wrapper, main, arguments);
  }

  @Override
  public void close() {
    remove(name);
  }

  /** With its group and its ranges. */
  private static void remove(String name) {
    try {
      Tool.require("userdel", "passwd").run("--force", name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
