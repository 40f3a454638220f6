package io.runcible.ffi;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Mounts overlays in the namespaces of a holder, by a program, as this process is not in them. */
final class HolderOverlay {
  private static final String USER_ATTRIBUTES = ",userxattr";

  /** Also of what the program adds. */
  private static final int MAX_OPTIONS = Overlay.MAX_OPTIONS - 100;

  private final NamespaceHolder holder;

  HolderOverlay(NamespaceHolder holder) {
    this.holder = holder;
  }

  /**
   * Mounts one.
   *
   * @throws RuncibleException UNSUPPORTED if it fails and the kernel lets no ordinary user do so
   */
  void mount(OverlayMount mount, Path target) {
    try {
      mountOrSync(mount, target);
    } catch (RuncibleException e) {
      String kernel = KernelVersion.ofThisHost();
      if (KernelVersion.hasOverlayOfUsers(kernel)) {
        throw e;
      }
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "cannot mount an overlay on '"
              + target
              + "': an ordinary user needs Linux 5.11 for it, and this is "
              + kernel,
          e);
    }
  }

  private void mountOrSync(OverlayMount mount, Path target) {
    if (!mount.throwAway()) {
      mountAsItIs(mount, target);
      return;
    }
    try {
      mountAsItIs(mount, target);
    } catch (RuncibleException e) {
      try {
        // Before Linux 5.10 there is no "volatile", and changes are synced.
        mountAsItIs(mount.durable(), target);
      } catch (RuncibleException again) {
        e.addSuppressed(again);
        throw e;
      }
    }
  }

  /** The program takes the options as one string, which must stay short: so may its names. */
  private void mountAsItIs(OverlayMount mount, Path target) {
    String options = Overlay.options(mount) + USER_ATTRIBUTES;
    if (options.length() <= MAX_OPTIONS) {
      run(List.of("mount", "-t", "overlay", "overlay", "-o", options, target.toString()));
      return;
    }
    Path names = null;
    try {
      names = Files.createTempDirectory(target.toAbsolutePath().getParent(), ".lower-");
      List<Path> lower = new ArrayList<>();
      for (Path layer : mount.lower()) {
        Path name = Path.of(Integer.toString(lower.size(), Character.MAX_RADIX));
        Files.createSymbolicLink(names.resolve(name), layer);
        lower.add(name);
      }
      String shorter = Overlay.options(mount.withLower(lower)) + USER_ATTRIBUTES;
      String script = "cd \"$1\" && exec mount -t overlay overlay -o \"$2\" \"$3\"";
      run(List.of("sh", "-c", script, "sh", names.toString(), shorter, target.toString()));
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot name the layers of '" + target + "'", e);
    } finally {
      if (names != null) {
        holder.removeTree(names);
      }
    }
  }

  private void run(List<String> command) {
    NamespaceHolder.run(holder.command(command));
  }
}
