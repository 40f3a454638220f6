package io.runcible.runtime;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.TreeReads;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The SELinux of a host, whose policy says what a process of one label may do to a file of another.
 */
public final class Selinux {
  private static final String ATTRIBUTE = "security.selinux";
  private static final Pattern LABEL =
      Pattern.compile("(\\w+:\\w+:\\w+):([A-Za-z0-9_.-]+(:[A-Za-z0-9_.,]+)?)");

  /** Another label there stops the host. */
  private static final Set<Path> OF_THE_SYSTEM =
      Set.of(
          Path.of("/"),
          Path.of("/bin"),
          Path.of("/boot"),
          Path.of("/dev"),
          Path.of("/etc"),
          Path.of("/home"),
          Path.of("/lib"),
          Path.of("/lib64"),
          Path.of("/proc"),
          Path.of("/root"),
          Path.of("/run"),
          Path.of("/sbin"),
          Path.of("/sys"),
          Path.of("/tmp"),
          Path.of("/usr"),
          Path.of("/var"));

  private final Path sys;

  private Selinux(Path sys) {
    this.sys = sys;
  }

  /** That of this host, whether it has one or not. */
  public static Selinux ofThisHost() {
    return new Selinux(Path.of("/sys"));
  }

  static Selinux below(Path sys) {
    return new Selinux(sys);
  }

  /** Whether the kernel has it, and it is turned on; a policy that only warns counts, too. */
  public boolean isEnabled() {
    return Files.exists(sys.resolve("fs/selinux/enforce"));
  }

  /**
   * Checks a label, {@code user:role:type:level}.
   *
   * @return the label
   * @throws RuncibleException UNSUPPORTED if this host has no SELinux, INVALID_INPUT if it is no
   *     label or the policy does not know it
   */
  public String require(String label) {
    if (!isEnabled()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "the SELinux label "
              + SpecChecks.shown(label)
              + " cannot be used: this host has no SELinux, or it is turned off");
    }
    if (!LABEL.matcher(label).matches()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          SpecChecks.shown(label) + " is no SELinux label: give user:role:type:level");
    }
    try {
      Files.writeString(sys.resolve("fs/selinux/context"), label);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the policy of this host does not know the SELinux label " + SpecChecks.shown(label),
          e);
    }
    return label;
  }

  /** The same label without categories, which all containers may use. */
  public static String shared(String label) {
    var matcher = LABEL.matcher(label);
    return matcher.matches()
        ? matcher.group(1) + ":" + matcher.group(2).replaceFirst(":.*", "")
        : label;
  }

  /**
   * Gives a file, or a directory with all that is in it, another label; not what is mounted there.
   * Symbolic links get it themselves. Others may write there meanwhile: nothing outside gets the
   * label, and what they remove is passed over.
   *
   * @throws RuncibleException NOT_FOUND if it does not exist, INVALID_INPUT for a directory of the
   *     system, CANCELLED if the thread is interrupted, otherwise what the kernel says
   */
  public static void relabel(Path source, String label) {
    byte[] value = (label + "\0").getBytes(StandardCharsets.US_ASCII);
    try (FileDescriptor top = TreeReads.openName(source.toRealPath())) {
      if (isOfTheSystem(top)) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT,
            "'" + source + "' gets no other SELinux label: the system itself needs it");
      }
      Relabeling.run(top, entry -> AttributeCalls.setOfOpened(entry, ATTRIBUTE, value));
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, "cannot find '" + source + "'", e);
    } catch (NativeException e) {
      throw new RuncibleException(
          e.kind(), "cannot give '" + source + "' another SELinux label: " + e.getMessage(), e);
    }
  }

  /** Compares the directories, not their names: one may be mounted in several places. */
  private static boolean isOfTheSystem(FileDescriptor top) throws IOException {
    Path opened = Path.of(top.procPath());
    for (Path path : OF_THE_SYSTEM) {
      if (Files.exists(path) && Files.isSameFile(opened, path)) {
        return true;
      }
    }
    return false;
  }
}
