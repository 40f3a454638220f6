package io.runcible.ffi;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Root does it here. */
final class ThisProcess implements PrivilegedHost {
  private final SealedPrograms programs = new SealedPrograms();

  @Override
  public boolean rootless() {
    return false;
  }

  @Override
  public boolean hasIdRange() {
    return true;
  }

  @Override
  public IdMapping ids() {
    return ProcessNamespaces.ids(Path.of("/proc/self"));
  }

  @Override
  public List<String> command(List<String> command) {
    return command;
  }

  @Override
  public Optional<Path> sealedCopy(Path program) {
    return programs.find(program);
  }

  @Override
  public Path visible(Path path) {
    return path;
  }

  @Override
  public void mountOverlay(OverlayMount mount, Path target) {
    Overlay.mount(mount, target);
  }

  @Override
  public void mountIdMapped(Path source, IdMapping mapping, Path target) {
    IdMappedMount.mount(programs, source, mapping, target);
  }

  @Override
  public void mountIdMapped(Path source, Path namespace, Path target) {
    IdMappedMount.mount(source, namespace, target);
  }

  @Override
  public void mountAgain(Path source, Path target) {
    NewNamespaces.bind(source, target);
  }

  @Override
  public void mountMemory(Path target, long bytes) {
    ProcessNamespaces.mountMemory(target, bytes);
  }

  @Override
  public boolean pinNamespace(PidFd process, String kind, Path pin) {
    Overlay.unmount(pin);
    return ProcessNamespaces.pin(
        process, kind, source -> NewNamespaces.bind(source, pin), () -> Overlay.unmount(pin));
  }

  @Override
  public String namespaceHere(String kind) {
    return ProcessNamespaces.name(Path.of("/proc/self"), kind);
  }

  @Override
  public void createUserNamespace(IdMapping mapping, Path pin, Optional<Path> networkPin) {
    NewNamespaces.pin(programs, mapping, pin, networkPin);
  }

  @Override
  public void unmount(Path target) {
    Overlay.unmount(target);
  }

  @Override
  public boolean signal(PidFd process, int signal) {
    return process.signal(signal);
  }

  @Override
  public NetworkNamespace createNetworkNamespace() {
    return NetworkNamespace.create();
  }

  @Override
  public NetworkNamespace prepareNetworkNamespace(Path pin) {
    return NetworkNamespace.prepare(pin);
  }

  @Override
  public NetworkNamespace openNetworkNamespace(Path pin) {
    return NetworkNamespace.open(pin);
  }

  @Override
  public void removeTree(Path directory) {
    try (FileDescriptor opened = FileCalls.openDirectory(directory)) {
      TreeRemoval.empty(opened);
      Files.deleteIfExists(directory);
    } catch (NativeException | IOException e) {
      if (e instanceof NativeException failed && failed.errno() == Errno.ENOENT) {
        return; // Gone already, which is what was asked for.
      }
      throw new RuncibleException(
          ErrorKind.INTERNAL, "cannot remove '" + directory + "': " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    programs.close();
  }
}
