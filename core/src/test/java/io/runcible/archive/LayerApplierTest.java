package io.runcible.archive;

import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeAccess;
import java.nio.file.Path;
import org.junit.jupiter.api.Nested;

class LayerApplierTest {
  private static void requireLinux() {
    HostTools.require(NativeAccess.isAvailable(), "this test needs native calls on Linux");
  }

  @Nested
  class PlainForOneUser extends LayerApplierContract {
    @Override
    LayerFormat format() {
      return LayerFormat.PLAIN;
    }

    @Override
    Ownership ownership() {
      return Ownership.IGNORE;
    }

    @Override
    void requireHost(Path directory) {
      requireLinux();
    }
  }

  @Nested
  class OverlayForOneUser extends LayerApplierContract {
    @Override
    LayerFormat format() {
      return LayerFormat.OVERLAY_USERXATTR;
    }

    @Override
    Ownership ownership() {
      return Ownership.IGNORE;
    }

    @Override
    void requireHost(Path directory) {
      requireLinux();
      boolean supported = true;
      try (FileDescriptor open = FileCalls.openDirectory(directory)) {
        FileCalls.setAttribute(open, ".", "user.overlay.test", new byte[1]);
        FileCalls.removeAttribute(open, ".", "user.overlay.test");
      } catch (RuncibleException e) {
        supported = false;
      }
      HostTools.require(supported, "the temporary directory keeps no user attributes");
    }
  }
}
