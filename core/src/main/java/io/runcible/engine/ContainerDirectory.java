package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.NetworkClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/**
 * The files of one container, in a directory named by its id that is also the bundle of the
 * runtime.
 *
 * @param path the directory
 */
record ContainerDirectory(Path path) {
  static ContainerDirectory of(Path containers, String id) {
    return new ContainerDirectory(containers.resolve(id));
  }

  String id() {
    return path.getFileName().toString();
  }

  Path record() {
    return path.resolve("container.json");
  }

  Path rootfs() {
    return path.resolve("rootfs");
  }

  /** A directory for each overlay that is mounted in it, besides its root file system. */
  Path mounts() {
    return path.resolve("mounts");
  }

  Path pidFile() {
    return path.resolve("pid");
  }

  Path runtimeLog() {
    return path.resolve("runtime.log");
  }

  Path stdout() {
    return path.resolve("stdout");
  }

  Path stderr() {
    return path.resolve("stderr");
  }

  /** A FIFO to the input of a detached container that is interactive; not there once it ended. */
  Path stdin() {
    return path.resolve("stdin");
  }

  /** A FIFO that is opened to end that input; only of one without a terminal. */
  Path stdinEnd() {
    return path.resolve("stdin.end");
  }

  /** Names the terminal that the runtime of a detached container takes for its own. */
  Path terminal() {
    return path.resolve("terminal");
  }

  /** The log in the format of Kubernetes; not there with another one. */
  CriLog log() {
    return new CriLog(path.resolve("log"));
  }

  /** Written by the monitor of a detached container. */
  Path exitFile() {
    return path.resolve("exit");
  }

  /** The same before it has that name: the container has ended, and its monitor cleans up. */
  Path unfinishedExitFile() {
    return path.resolve("exit.new");
  }

  /** What ends the publishing of a detached container's ports; only if it has any. */
  Path unpublishFile() {
    return path.resolve("unpublish.nft");
  }

  /** The pid of the monitor of a detached container. */
  Path monitorFile() {
    return path.resolve("monitor");
  }

  /** The network namespace, made before the start; only of a container on bridge networks. */
  Path networkNamespace() {
    return path.resolve(NetworkClient.NAMESPACE);
  }

  /**
   * There if the end of a detached container is wanted, so that its monitor does not restart it.
   */
  Path stopFile() {
    return path.resolve("stop");
  }

  /** The restart policy, once it was changed; the monitor finds it beside the {@link #stopFile}. */
  Path restartPolicy() {
    return path.resolve("restart");
  }

  /** How often its monitor has restarted a detached container. */
  Path restarts() {
    return path.resolve("restarts");
  }

  /** There from the first restart of a detached container on. */
  Path restarted() {
    return path.resolve("restarted");
  }

  /** Tells everyone that it has come to run before, while the files of its last run are removed. */
  void markRestarted() {
    try {
      Files.writeString(restarted(), "");
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot write '" + restarted() + "'", e);
    }
  }

  /** Locked while a detached container is started, for the first time or again. */
  Path startLock() {
    return path.resolve("start.lock");
  }

  /**
   * Only of a detached container that is removed by itself: locked, shared, by every engine that is
   * still to hear of its end, and by who reads its log to the end.
   */
  Path followersLock() {
    return path.resolve("followers.lock");
  }

  /** There once the removal of a detached container has begun: nobody starts it any more. */
  Path removalFile() {
    return path.resolve("removal");
  }

  /** Whether all was made that the runtime starts with. */
  boolean isWhole() {
    return Files.exists(path.resolve("config.json"));
  }

  /** Whether it has come to run, under any engine. */
  boolean wasStarted() {
    return Files.exists(pidFile()) || Files.exists(restarted());
  }

  /** When the container was started last, as far as its files tell. */
  Instant startTime() {
    try {
      return Files.getLastModifiedTime(pidFile()).toInstant();
    } catch (IOException e) {
      return Instant.EPOCH;
    }
  }

  Path execs() {
    return path.resolve("exec");
  }
}
