package io.runcible.samples.cli;

import io.runcible.image.Platform;
import picocli.CommandLine.Option;

/** For which platform an image is wanted. */
final class PlatformOption {
  @Option(
      names = "--platform",
      paramLabel = "OS/ARCH[/VARIANT]",
      description = "Of several images this one. Default: that of this host.")
  private Platform platform = Platform.host();

  Platform get() {
    return platform;
  }
}
