package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.ffi.PipePump;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.ProcessWatcher;
import io.runcible.image.Image;
import io.runcible.image.ImageSource;
import io.runcible.image.ImageVerifier;
import io.runcible.image.Platform;
import io.runcible.network.BridgeNetworks;
import io.runcible.network.PortForwarder;
import io.runcible.runtime.CgroupManager;
import io.runcible.runtime.HostLimits;
import io.runcible.runtime.OciRuntime;
import io.runcible.snapshot.Snapshotter;
import io.runcible.snapshot.Unpacker;
import io.runcible.state.Journal;
import io.runcible.store.LocalStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/** Opens all that an engine owns, and closes it in reverse order, also after half an opening. */
final class EngineResources implements AutoCloseable {
  private final Deque<AutoCloseable> owned = new ArrayDeque<>();
  private final EngineParts parts;
  private final ContainerRemover remover;
  private final Images images;

  private EngineResources(
      Path data,
      List<Path> additional,
      Path state,
      String program,
      Optional<RuntimeImage> runtimeImage,
      Optional<CgroupManager> manager,
      Platform platform,
      @Nullable ImageSource given,
      List<ImageVerifier> verifiers,
      HostPolicy policy,
      ArchiveLimits layers,
      ThreadFactory threads) {
    try {
      Path containers = data.resolve("containers");
      Path journals = data.resolve("journal");
      Operations operations = new Operations();
      LocalStore store = own(LocalStore.open(data, additional));
      PullSource registry = own(new PullSource(given));
      String installed =
          runtimeImage
              .filter(image -> RuntimePrograms.needed(program, image))
              .map(image -> fromImage(program, image, store, registry, verifiers, policy))
              .orElse(program);
      makePrivate(containers);
      makePrivate(journals);
      makePrivate(state);
      PrivilegedHost host =
          own(PrivilegedHost.open(state.resolve("holder-" + number(data)), containers));
      Snapshotter snapshotter = Snapshotter.open(store, host);
      Path runtimeState = state.resolve("runtime-" + number(data));
      HostLimits limits = HostLimits.detect(host, manager);
      OciRuntime runtime = OciRuntime.open(installed, runtimeState, host, limits);
      BridgeNetworks networks =
          own(
              BridgeNetworks.open(
                  host,
                  data.resolve("networks"),
                  state.resolve("network-" + number(data)),
                  containers,
                  journals));
      VolumeStore volumes = new VolumeStore(host, data.resolve("volumes"), containers);
      remover =
          new ContainerRemover(
              host, snapshotter, runtime, limits.place(), networks, volumes, containers);
      Journal.sweep(
          journals,
          Map.of(ContainerRemover.KIND, remover::undo, BridgeNetworks.KIND, networks::undo));
      remover.removeUnowned(journals);
      networks.reclaim();
      DetachedConnection.reclaim(networks, containers);
      volumes.reclaim();
      Journal journal = own(Journal.begin(journals, UUID.randomUUID().toString()));
      new AutoRemoval(remover, runtime).removeAll(containers, journal);
      // Once more: what it keeps up is in the journal.
      own(networks);
      Unpacker unpacker = own(new Unpacker(store, snapshotter, host, layers, threads));
      ProcessWatcher watcher = own(ProcessWatcher.start(threads));
      Watchdog watchdog =
          own(
              Watchdog.start(
                  host, runtime.info().program(), runtimeState, containers, limits.place()));
      PortForwarder forwarder = own(PortForwarder.open(threads));
      PipePump pump = own(PipePump.open(threads));
      EngineTasks tasks = own(new EngineTasks(threads, operations));
      images =
          new Images(
              store,
              snapshotter,
              unpacker,
              registry,
              verifiers,
              policy,
              platform,
              () -> records(containers),
              operations,
              tasks::publish);
      parts =
          new EngineParts(
              host,
              runtime,
              limits,
              snapshotter,
              watcher,
              watchdog,
              networks,
              volumes,
              forwarder,
              pump,
              journal,
              threads,
              tasks,
              images,
              containers);
    } catch (RuntimeException e) {
      closeAll().forEach(e::addSuppressed);
      throw e;
    }
  }

  static EngineResources open(
      Path data,
      List<Path> additional,
      Path state,
      String program,
      Optional<RuntimeImage> runtimeImage,
      Optional<CgroupManager> manager,
      Platform platform,
      @Nullable ImageSource given,
      List<ImageVerifier> verifiers,
      HostPolicy policy,
      ArchiveLimits layers,
      ThreadFactory threads) {
    return new EngineResources(
        data,
        additional,
        state,
        program,
        runtimeImage,
        manager,
        platform,
        given,
        verifiers,
        policy,
        layers,
        threads);
  }

  /** Brings the programs of an image here; returns the runtime. */
  private String fromImage(
      String program,
      RuntimeImage image,
      LocalStore store,
      PullSource registry,
      List<ImageVerifier> verifiers,
      HostPolicy policy) {
    try (ImageSource stored = store.source()) {
      ImageSource source = store.images().find(image.image()).isPresent() ? stored : registry.get();
      RuntimePrograms programs =
          own(
              RuntimePrograms.open(
                  store.root(),
                  image,
                  () -> {
                    Image found = Image.resolve(source, image.image(), Platform.host());
                    Images.verify(verifiers, policy, source, image.image(), found.descriptor());
                    return found;
                  }));
      return RuntimePrograms.isMissing(program) ? programs.program(image).toString() : program;
    }
  }

  private <T extends AutoCloseable> T own(T resource) {
    owned.push(resource);
    return resource;
  }

  EngineParts parts() {
    return parts;
  }

  ContainerRemover remover() {
    return remover;
  }

  Images images() {
    return images;
  }

  /** Two stores that share a state root may both have a container of one name. */
  private static String number(Path data) {
    byte[] path = data.toString().getBytes(StandardCharsets.UTF_8);
    return Digest.sha256(path).hex().substring(0, 16);
  }

  /** All containers in a directory, whoever owns them. */
  static List<ContainerRecord> records(Path containers) {
    List<ContainerRecord> records = new ArrayList<>();
    directories(containers).forEach(one -> ContainerRecord.read(one).ifPresent(records::add));
    return records;
  }

  static List<ContainerDirectory> directories(Path containers) {
    List<ContainerDirectory> found = new ArrayList<>();
    try (DirectoryStream<Path> paths = Files.newDirectoryStream(containers, "[a-z0-9]*")) {
      for (Path path : paths) {
        // A link is a further name.
        if (!Files.isSymbolicLink(path)) {
          found.add(new ContainerDirectory(path));
        }
      }
      return found;
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot list the containers in '" + containers + "'", e);
    }
  }

  private static void makePrivate(Path directory) {
    try {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.PERMISSION_DENIED,
          "cannot make the directory '" + directory + "'; choose another one for the engine",
          e);
    }
  }

  @Override
  public void close() {
    List<Exception> failures = closeAll();
    if (!failures.isEmpty()) {
      Exception first = failures.get(0);
      RuncibleException failure =
          new RuncibleException(
              ErrorKind.INTERNAL,
              "the engine could not be closed completely: " + first.getMessage(),
              first);
      failures.stream().skip(1).forEach(failure::addSuppressed);
      throw failure;
    }
  }

  private List<Exception> closeAll() {
    List<Exception> failures = new ArrayList<>();
    while (!owned.isEmpty()) {
      try {
        owned.pop().close();
      } catch (Exception e) {
        failures.add(e);
      }
    }
    return failures;
  }
}
