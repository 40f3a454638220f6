package io.runcible.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.image.ImageConfig;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.runtime.ProcessSpec;
import io.runcible.runtime.RuntimeSpec;
import io.runcible.runtime.SeccompProfile;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads what the first container of a JVM will need beside what is bound by one processor: while
 * the first engine is opened, what documents of images take; while the first container is made, the
 * runtime's configuration, which an engine that only moves images needs not. Neither needs a file
 * or a native call, and nothing of them is kept.
 */
final class FirstStart {
  private static final AtomicBoolean OPENED = new AtomicBoolean();
  private static final AtomicBoolean MADE = new AtomicBoolean();

  private final @Nullable Thread thread;

  private FirstStart(@Nullable Thread thread) {
    this.thread = thread;
  }

  /** Begins what the first engine needs, unless that has been done in this JVM. */
  static FirstStart ofEngine(ThreadFactory threads) {
    return begin(threads, OPENED, FirstStart::image);
  }

  /** The same of the first container. */
  static FirstStart ofContainer(ThreadFactory threads) {
    return begin(threads, MADE, FirstStart::container);
  }

  private static FirstStart begin(ThreadFactory threads, AtomicBoolean begun, Runnable work) {
    if (Runtime.getRuntime().availableProcessors() == 1 || !begun.compareAndSet(false, true)) {
      return new FirstStart(null);
    }
    try {
      Thread thread = threads.newThread(() -> load(work));
      thread.start();
      return new FirstStart(thread);
    } catch (OutOfMemoryError e) {
      // The host grants no further thread.
      return new FirstStart(null);
    }
  }

  private static void load(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException | LinkageError e) {
      log().debug("Whoever needs it will load it", e);
    }
  }

  /** Returns what would be the runtime's configuration. */
  static String container() {
    ImageConfig image = image();
    ContainerSpec spec = ContainerSpec.builder("localhost/none").publish(1).build();
    ContainerOptions.of(spec, image, Map.of());
    ContainerStorage.of(spec, List.of());
    return RuntimeSpec.builder(Path.of("/"), ProcessSpec.builder(image.command()).build())
        .seccomp(SeccompProfile.standard())
        .build()
        .toJson();
  }

  private static ImageConfig image() {
    // For ids, and for the name of the file that the native library is brought to.
    new SecureRandom().nextInt();
    String digest = "sha256:" + "0".repeat(64);
    String descriptor = "{\"size\":2,\"digest\":\"" + digest + "\",\"mediaType\":\"";
    String manifest =
        "{\"schemaVersion\":2,\"config\":"
            + descriptor
            + MediaType.OCI_CONFIG
            + "\"},\"layers\":["
            + descriptor
            + MediaType.OCI_LAYER
            + "\"}]}";
    Manifest.parse(manifest.getBytes(UTF_8), MediaType.OCI_MANIFEST);
    String config =
        "{\"os\":\"linux\",\"architecture\":\"amd64\",\"created\":\"2000-01-01T00:00:00Z\","
            + "\"config\":{\"Cmd\":[\"/bin/true\"],\"Env\":[\"HOME=/\"]},"
            + "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\""
            + digest
            + "\"]}}";
    return ImageConfig.parse(config.getBytes(UTF_8));
  }

  /** Returns when the thread has ended. */
  void awaitEnd() {
    if (thread == null) {
      return;
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(FirstStart.class);
  }
}
