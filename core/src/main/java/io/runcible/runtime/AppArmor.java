package io.runcible.runtime;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The AppArmor of a host, which holds programs to profiles that are loaded into the kernel. */
public final class AppArmor {
  private static final String UNCONFINED = "unconfined";

  private final Path sys;

  private AppArmor(Path sys) {
    this.sys = sys;
  }

  /** That of this host, whether it has one or not. */
  public static AppArmor ofThisHost() {
    return new AppArmor(Path.of("/sys"));
  }

  static AppArmor below(Path sys) {
    return new AppArmor(sys);
  }

  /** Whether the kernel has it, and it is turned on. */
  public boolean isEnabled() {
    return lines(sys.resolve("module/apparmor/parameters/enabled")).contains("Y");
  }

  /**
   * What a runtime is told for a profile; empty for {@code unconfined} where all is.
   *
   * @throws RuncibleException UNSUPPORTED if this host has no AppArmor, INVALID_INPUT if the
   *     profile is not loaded. An ordinary user may not see that; then the runtime finds out
   */
  public Optional<String> require(String profile) {
    if (!isEnabled()) {
      if (profile.equals(UNCONFINED)) {
        return Optional.empty();
      }
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "the AppArmor profile "
              + SpecChecks.shown(profile)
              + " cannot be used: this host has no AppArmor, or it is turned off");
    }
    List<String> profiles = lines(sys.resolve("kernel/security/apparmor/profiles"));
    boolean loaded =
        profiles.isEmpty()
            || profiles.stream()
                .anyMatch(
                    line -> line.lastIndexOf(" (") == profile.length() && line.startsWith(profile));
    if (profile.isBlank() || profile.contains("\n") || !profile.equals(UNCONFINED) && !loaded) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the AppArmor profile "
              + SpecChecks.shown(profile)
              + " is not loaded; load its file with apparmor_parser, or leave it out");
    }
    return Optional.of(profile);
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return List.of();
    }
  }
}
