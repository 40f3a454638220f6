package io.runcible.sandbox;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.ffi.Architecture;
import io.runcible.ffi.NativeAccess;
import io.runcible.image.ImageConfig;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the containers of a sandbox, all alike, to the point where they wait for a program. */
final class Maker {
  private final ContainerEngine engine;
  private final String image;
  private final SandboxProfile profile;
  private final ImageConfig config;
  private final Architecture architecture;
  private volatile Kind kind;
  private volatile @Nullable String missingNamespace;

  /** What the first one failed with, if that says what to do otherwise. */
  private volatile @Nullable RuncibleException filterFailure;

  private volatile @Nullable RuncibleException limitsFailure;

  /** What they have in common. */
  private record Kind(SandboxSpec spec, SeccompFilter filter) {}

  Maker(
      ContainerEngine engine,
      String image,
      SandboxProfile profile,
      ImageConfig config,
      Architecture architecture) {
    this.engine = engine;
    this.image = image;
    this.profile = profile;
    this.config = config;
    this.architecture = architecture;
    // An ordinary user's containers are in a namespace of that user's anyway.
    boolean ownNamespace = profile.userNamespace() && NativeAccess.isRoot();
    this.kind = kind(SeccompFilter.of(profile.seccomp(), architecture), ownNamespace);
  }

  private Kind kind(SeccompFilter filter, boolean ownNamespace) {
    return new Kind(
        new SandboxSpec(
            image,
            profile,
            filter.profileOfRuntime(),
            ownNamespace,
            architecture,
            config.volumes()),
        filter);
  }

  /** The first one, which shows what this host can do. */
  WarmSandbox first() {
    try {
      return makeInTwoTries();
    } catch (RuncibleException e) {
      Kind tried = kind;
      // What may be otherwise in a moment is no reason to make them differently for ever.
      boolean ofTheHost =
          e.kind() == ErrorKind.UNSUPPORTED
              || e.kind() == ErrorKind.INTERNAL
              || e.kind() == ErrorKind.PERMISSION_DENIED;
      if (!ofTheHost || e == limitsFailure) {
        throw e;
      }
      if (e == filterFailure) {
        log().debug("the kernel does not take the seccomp filter of sandboxes", e);
        kind = kind(SeccompFilter.ofRuntime(profile.seccomp()), tried.spec().hasOwnNamespace());
      } else if (tried.spec().hasOwnNamespace()) {
        missingNamespace = e.getMessage();
        log().warn("sandboxes have no user namespace of their own: {}", e.getMessage());
        kind = kind(tried.filter(), false);
      } else if (!tried.filter().isOfRuntime()) {
        log().debug("the runtime loads the seccomp filter of sandboxes", e);
        kind = kind(SeccompFilter.ofRuntime(profile.seccomp()), false);
      } else {
        throw e;
      }
      return first();
    }
  }

  private WarmSandbox makeInTwoTries() {
    try {
      return make();
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.INTERNAL) {
        throw e;
      }
      // A runtime that was killed says as little as one that cannot do it.
      log().debug("the first sandbox is tried again", e);
      return make();
    }
  }

  /** Why programs are in no user namespace of their own; empty if they are, or need none. */
  Optional<String> missingNamespace() {
    return Optional.ofNullable(missingNamespace);
  }

  WarmSandbox make() {
    Kind now = kind;
    Container container = engine.run(now.spec().next());
    try {
      WarmSandbox made = WarmSandbox.of(container);
      if (!profile.acceptsMissingLimits()) {
        made.missingLimits()
            .ifPresent(
                why -> {
                  limitsFailure =
                      new RuncibleException(
                          ErrorKind.UNSUPPORTED,
                          "a sandbox has no limits of memory and processes here: "
                              + why
                              + "; a profile with acceptMissingLimits() does without");
                  throw limitsFailure;
                });
      }
      load(now.filter(), made);
      return made;
    } catch (RuntimeException e) {
      container.close();
      throw e;
    }
  }

  private void load(SeccompFilter filter, WarmSandbox made) {
    try {
      filter.load(made);
    } catch (RuncibleException e) {
      filterFailure = e;
      throw e;
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(Maker.class);
  }
}
