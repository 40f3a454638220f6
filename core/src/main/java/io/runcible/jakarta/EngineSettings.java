package io.runcible.jakarta;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.EngineBuilder;
import io.runcible.image.Platform;
import io.runcible.runtime.CgroupManager;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What the settings say about the engine; the keys are in the package's description. */
final class EngineSettings {
  static final String REGISTRIES_CONF = "runcible.registries-conf";

  private EngineSettings() {}

  /**
   * Tells an engine all but its registry.
   *
   * @throws RuncibleException INVALID_INPUT for a value that cannot be, with its key
   */
  static void apply(Settings settings, EngineBuilder engine) {
    settings.get("runcible.data-root").map(Path::of).ifPresent(engine::dataRoot);
    settings.get("runcible.state-root").map(Path::of).ifPresent(engine::stateRoot);
    settings.list("runcible.additional-stores").stream()
        .map(Path::of)
        .forEach(engine::additionalStore);
    settings.get("runcible.runtime").ifPresent(engine::runtime);
    settings.get("runcible.platform").map(Platform::parse).ifPresent(engine::platform);
    settings
        .get("runcible.cgroup-manager")
        .map(EngineSettings::manager)
        .ifPresent(engine::cgroupManager);
    engine.threads(ManagedThreads.of(settings));
  }

  private static CgroupManager manager(String text) {
    List<CgroupManager> all = List.of(CgroupManager.values());
    return all.stream()
        .filter(one -> one.name().toLowerCase(Locale.ROOT).equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.INVALID_INPUT,
                    "runcible.cgroup-manager is '"
                        + text
                        + "', and must be one of "
                        + Arrays.toString(CgroupManager.values()).toLowerCase(Locale.ROOT)));
  }
}
