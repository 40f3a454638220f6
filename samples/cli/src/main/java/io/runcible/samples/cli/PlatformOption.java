package io.runcible.samples.cli;

import io.runcible.image.Platform;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** For which platform an image is wanted. */
final class PlatformOption {
  @Option(
      names = "--platform",
      paramLabel = "OS/ARCH[/VARIANT]",
      description = "Of several images this one. Default: that of this host.")
  private @Nullable Platform platform;

  @Option(names = "--os", description = "The same in parts.")
  private @Nullable String os;

  @Option(
      names = "--arch",
      paramLabel = "ARCH",
      description = "Such as amd64 or arm64. Default: this host's.")
  private @Nullable String architecture;

  @Option(names = "--variant", description = "Such as v7, with --arch arm.")
  private @Nullable String variant;

  Platform get() {
    boolean parts = os != null || architecture != null || variant != null;
    if (platform != null && parts) {
      throw Filters.invalid("--platform and its parts exclude each other");
    }
    if (!parts) {
      return platform != null ? platform : Platform.host();
    }
    Platform host = Platform.host();
    String text =
        (os != null ? os : host.os())
            + "/"
            + (architecture != null ? architecture : host.architecture());
    return Platform.parse(variant != null ? text + "/" + variant : text);
  }
}
