package io.runcible.sandbox;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.EngineBuilder;
import io.runcible.ffi.Architecture;
import io.runcible.ffi.OwnedThreads;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * Runs programs that nobody trusts, each in a container of its own that is thrown away afterwards.
 * Thread-safe; one for each image and profile is usual.
 *
 * <p>It keeps some containers ready, so that a program starts within milliseconds. Their first
 * process is one of this library's that waits for a command: it works in images without a shell,
 * too. It places the files, starts the program as its child, and ends what that leaves running. A
 * container that a program has run in is never used again.
 *
 * <p>A program runs as an ordinary user in the directory {@code /work}, which is memory, as {@code
 * /tmp} is. All of it ends with this process, also when that is killed.
 */
public final class Sandbox implements AutoCloseable {
  private final SandboxProfile profile;
  private final Map<String, String> environment;
  private final Architecture architecture;
  private final Maker maker;
  private final Pool pool;
  private final @Nullable ContainerEngine ownEngine;
  private final @Nullable Executor executor;

  private Sandbox(Builder builder, ContainerEngine engine, @Nullable ContainerEngine ownEngine) {
    this.ownEngine = ownEngine;
    executor = builder.executor;
    profile = builder.profile;
    architecture = Architecture.ofThisHost().orElseThrow(Sandbox::withoutProgram);
    ImageConfig config = image(engine, builder.image);
    environment = SandboxSpec.environment(config, profile);
    maker = new Maker(engine, builder.image, profile, config, architecture);
    pool =
        new Pool(
            maker::make,
            new Pool.Limits(
                builder.warm, builder.maxRunning, builder.maxQueued, builder.maxStarting),
            builder.threads != null ? builder.threads : new OwnedThreads("runcible-sandbox-"));
    try {
      pool.start(maker.first());
    } catch (RuntimeException e) {
      pool.close();
      throw e;
    }
  }

  private static RuncibleException withoutProgram() {
    return new RuncibleException(
        ErrorKind.UNSUPPORTED,
        "there are no sandboxes on "
            + System.getProperty("os.arch")
            + ": their first process is not written for it");
  }

  private static ImageConfig image(ContainerEngine engine, String name) {
    return engine.images().find(name).orElseGet(() -> engine.images().pull(name)).config();
  }

  /**
   * Begins a sandbox.
   *
   * @param image what its programs see as their root file system; short names expand as everywhere
   * @throws RuncibleException INVALID_INPUT if it is no reference
   */
  public static Builder builder(String image) {
    ImageReference.parse(image);
    return new Builder(image);
  }

  /**
   * Runs a program to its end, as {@link #run(SandboxRequest)} with nothing else set.
   *
   * @param command the program and its arguments
   */
  public SandboxResult run(String... command) {
    return run(SandboxRequest.builder(command).build());
  }

  /**
   * Runs a program to its end. Blocks; an interrupt ends the program.
   *
   * @throws RuncibleException NOT_FOUND or PERMISSION_DENIED if the image has no such program, or
   *     it may not be executed; INVALID_INPUT if it is no program, or if the files do not fit;
   *     UNAVAILABLE if too many programs wait already; CANCELLED if the thread was interrupted or
   *     the sandbox was closed; as {@link ContainerEngine#run} if no container can be made
   */
  public SandboxResult run(SandboxRequest request) {
    CompletableFuture<SandboxResult> result = submit(request);
    try {
      return result.get();
    } catch (InterruptedException e) {
      result.cancel(true);
      Thread.currentThread().interrupt();
      throw new RuncibleException(ErrorKind.CANCELLED, "interrupted while a program ran", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuncibleException cause) {
        // With the caller's stack as well.
        throw new RuncibleException(cause.kind(), String.valueOf(cause.getMessage()), cause);
      }
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new RuncibleException(ErrorKind.INTERNAL, "a program could not be run", e);
    }
  }

  /**
   * Begins to run a program. Does not block.
   *
   * @return completes with the result or with what {@link #run(SandboxRequest)} throws, on a thread
   *     of the sandbox. Cancelling it, or completing it otherwise, ends the program
   * @throws RuncibleException UNAVAILABLE if too many programs wait already, FAILED_PRECONDITION if
   *     the sandbox is closed
   */
  public CompletableFuture<SandboxResult> submit(SandboxRequest request) {
    CompletableFuture<SandboxResult> result =
        pool.submit(new Run(request, profile, environment, architecture), request.caller());
    return executor == null ? result : StagedFuture.of(result, executor);
  }

  /**
   * Why its containers have no user namespace of their own although the profile wants it: for lack
   * of what on this host. Empty if they have one or need none.
   */
  public Optional<String> missingUserNamespace() {
    return maker.missingNamespace();
  }

  /** How many containers are ready: so many programs can start at once. */
  public int ready() {
    return pool.ready();
  }

  /** How many programs wait for their turn. */
  public int waiting() {
    return pool.waiting();
  }

  /**
   * Ends all its programs, whose runs fail with CANCELLED, and removes all its containers. Blocks
   * until that is done. Idempotent; an interrupt does not stop it, and the flag stays set.
   */
  @Override
  public void close() {
    pool.close();
    if (ownEngine != null) {
      ownEngine.close();
    }
  }

  /** Collects what a sandbox is made of. Not thread-safe. */
  public static final class Builder {
    private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

    private final String image;
    private SandboxProfile profile = SandboxProfile.untrusted();
    private @Nullable ContainerEngine engine;
    private EngineBuilder own = ContainerEngine.builder();
    private int warm = 2;
    private int maxRunning = 4 * PROCESSORS;
    private int maxQueued = 1000;
    private int maxStarting = 2 * PROCESSORS;
    private @Nullable Executor executor;
    private @Nullable ThreadFactory threads;

    private Builder(String image) {
      this.image = image;
    }

    private static int require(int number, int least, String what) {
      if (number < least) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, number + " " + what + ": give at least " + least);
      }
      return number;
    }

    /** What programs may do and use. By default {@link SandboxProfile#untrusted()}. */
    public Builder profile(SandboxProfile profile) {
      this.profile = profile;
      return this;
    }

    /**
     * The engine that makes the containers; it must stay open as long as the sandbox, which does
     * not close it. By default the sandbox opens one with the usual directories, and closes it.
     */
    public Builder engine(ContainerEngine engine) {
      this.engine = engine;
      return this;
    }

    /**
     * How the sandbox opens an engine of its own, which it closes: one whose runtime is that of the
     * profile, if it names one. It may share the directories of other engines, and so their images.
     * The builder is not changed.
     */
    public Builder engine(EngineBuilder own) {
      this.own = own;
      engine = null;
      return this;
    }

    /** How many containers are kept ready. By default 2; with 0 each program waits for its own. */
    public Builder warm(int containers) {
      warm = require(containers, 0, "containers that are ready");
      return this;
    }

    /** How many programs run at once; others wait. By default four for each processor. */
    public Builder maxRunning(int programs) {
      maxRunning = require(programs, 1, "programs at once");
      return this;
    }

    /** How many programs wait; for others there is UNAVAILABLE. By default 1,000. */
    public Builder maxQueued(int programs) {
      maxQueued = require(programs, 1, "programs that wait");
      return this;
    }

    /**
     * How many containers are made or removed at once, in the background. By default two for each
     * processor.
     */
    public Builder maxStarting(int containers) {
      maxStarting = require(containers, 1, "containers that are made at once");
      return this;
    }

    /**
     * Who makes its threads, as in a server that manages them. By default daemon threads with the
     * context class loader of the thread that makes the sandbox.
     */
    public Builder threads(ThreadFactory factory) {
      threads = factory;
      return this;
    }

    /**
     * What runs the asynchronous stages of the futures of {@link Sandbox#submit} for which no other
     * is given, such as {@code thenApplyAsync(f)}: in a server, one that gives them the context of
     * the application. By default that of every {@link CompletableFuture}. Programs never wait for
     * it, and have {@link #threads} of their own.
     */
    public Builder executor(Executor executor) {
      this.executor = executor;
      return this;
    }

    /**
     * Makes the sandbox; the image is pulled if it is not in the store. Blocks until the first
     * container is ready.
     *
     * @throws RuncibleException UNSUPPORTED on a host that cannot run containers, or cannot limit
     *     them, see {@link SandboxProfile.Builder#acceptMissingLimits()}; INVALID_INPUT if both an
     *     open engine and a profile with a runtime are given; as {@link ContainerEngine#run}
     */
    public Sandbox build() {
      ContainerEngine given = engine;
      if (given != null) {
        profile
            .runtime()
            .ifPresent(
                runtime -> {
                  throw new RuncibleException(
                      ErrorKind.INVALID_INPUT,
                      "the profile wants the runtime '"
                          + runtime
                          + "', and the engine has its own: give the sandbox a builder of engines"
                          + " instead");
                });
        return new Sandbox(this, given, null);
      }
      EngineBuilder its = own.copy();
      profile.runtime().ifPresent(its::runtime);
      ContainerEngine opened = its.build();
      try {
        return new Sandbox(this, opened, opened);
      } catch (RuntimeException e) {
        opened.close();
        throw e;
      }
    }
  }
}
