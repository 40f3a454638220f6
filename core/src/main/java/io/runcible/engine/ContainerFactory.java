package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageConfig;
import io.runcible.runtime.Bundle;
import io.runcible.runtime.HostLimits;
import io.runcible.runtime.RuntimeSpec;
import io.runcible.state.Journal;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts containers together: directory, writable layer, mount, configuration. */
final class ContainerFactory {
  private static final Logger LOG = LoggerFactory.getLogger(ContainerFactory.class);
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int ID_BYTES = 6;

  private final EngineParts parts;
  private final ContainerRemover remover;
  private final Set<String> notesSaid = ConcurrentHashMap.newKeySet();

  ContainerFactory(EngineParts parts, ContainerRemover remover) {
    this.parts = parts;
    this.remover = remover;
  }

  /** A container that has not been started; all is undone if making it fails. */
  Container create(ContainerSpec spec, ImageConfig image, List<Digest> chain) {
    String id = spec.name().orElseGet(ContainerFactory::randomId);
    String owner = parts.journal().owner();
    Journal.Entry entry =
        parts
            .journal()
            .record(
                ContainerRemover.KIND,
                Map.of(ContainerRemover.ID, id, ContainerRemover.OWNER, owner));
    ContainerDirectory directory = ContainerDirectory.of(parts.containers(), id);
    boolean named = false;
    try {
      ContainerRecord record = record(id, owner, spec, image, chain);
      claim(directory, record);
      named = true;
      parts.watchdog().add(id);
      prepare(directory, record, spec, image, chain);
      return new Container(parts, remover, directory, record, spec.stdio(), entry);
    } catch (RuntimeException e) {
      if (named) {
        undo(directory, e);
        parts.watchdog().remove(id);
      }
      entry.done();
      throw e;
    }
  }

  private void undo(ContainerDirectory directory, RuntimeException cause) {
    boolean interrupted = Thread.interrupted();
    try {
      remover.remove(directory);
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private ContainerRecord record(
      String id, String owner, ContainerSpec spec, ImageConfig image, List<Digest> chain) {
    return new ContainerRecord(
        id,
        owner,
        spec.image().toString(),
        chain.stream().map(Digest::toString).toList(),
        parts.host().rootless() ? "" : "/runcible-" + id,
        stopSignal(spec, image),
        spec.isDetached(),
        System.currentTimeMillis());
  }

  /** The image's signal is hostile text; one that is none counts as not given. */
  private static int stopSignal(ContainerSpec spec, ImageConfig image) {
    try {
      return Signals.parse(spec.stopSignal().or(image::stopSignal).orElse("TERM"));
    } catch (RuncibleException e) {
      return Signals.TERM;
    }
  }

  /** The directory gets its name together with its record, so no name is without an owner. */
  private void claim(ContainerDirectory directory, ContainerRecord record) {
    Path unnamed = ContainerRemover.unnamed(parts.containers(), record.owner(), record.id());
    try {
      Files.createDirectory(
          unnamed,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      record.write(new ContainerDirectory(unnamed));
      Files.move(unnamed, directory.path(), StandardCopyOption.ATOMIC_MOVE);
    } catch (DirectoryNotEmptyException | FileAlreadyExistsException e) {
      parts.host().removeTree(unnamed);
      throw new RuncibleException(
          ErrorKind.ALREADY_EXISTS,
          "there is a container '" + record.id() + "' already; remove it or choose another name",
          e);
    } catch (IOException e) {
      parts.host().removeTree(unnamed);
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot make the container '" + directory.path() + "'", e);
    }
  }

  private void prepare(
      ContainerDirectory directory,
      ContainerRecord record,
      ContainerSpec spec,
      ImageConfig image,
      List<Digest> chain) {
    try {
      Files.createDirectory(directory.rootfs());
      Files.createDirectory(directory.execs());
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot make the container '" + directory.path() + "'", e);
    }
    parts
        .host()
        .mountOverlay(parts.snapshotter().prepare(chain, directory.path()), directory.rootfs());
    Path rootfs = parts.host().visible(directory.rootfs());
    RootDirectories.check(rootfs);
    HostFiles.write(directory, spec.hostname().orElse(record.id()), spec.network());
    RuntimeSpecs specs = new RuntimeSpecs(image, spec, parts.limits());
    UserLookup.Identity user = UserLookup.find(rootfs, specs.user());
    RuntimeSpec.Builder runtimeSpec =
        specs.container(directory, record.id(), record.cgroupsPath(), user).toBuilder();
    for (Path volume : RootDirectories.make(rootfs, directory.rootfs(), image.volumes())) {
      String inside = "/" + directory.rootfs().relativize(volume);
      if (spec.isReadOnlyRoot()
          && spec.mounts().stream().noneMatch(m -> m.destination().equals(inside))) {
        runtimeSpec.mount(RuntimeSpec.Mount.bind(volume, inside, false));
      }
    }
    HostLimits.Clamped<RuntimeSpec> clamped = parts.limits().clamp(runtimeSpec.build());
    sayOnce(clamped.notes());
    Bundle.write(directory.path(), clamped.value());
  }

  private void sayOnce(List<String> notes) {
    notes.stream().filter(notesSaid::add).forEach(note -> LOG.warn("{}", note));
  }

  private static String randomId() {
    byte[] bytes = new byte[ID_BYTES];
    RANDOM.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
