package io.runcible.junit;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.EngineBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A detached container that several JVMs use. Each holds a shared lock on a file for as long, which
 * the kernel drops when the JVM is killed: who gets the file for itself alone is the last one. A
 * second file is locked while somebody comes or goes.
 */
final class ReusedContainer {
  private static final int KEY_LENGTH = 24;
  private static final String GATE = ".gate";
  private static final String USERS = ".users";

  /** Locks of files belong to a JVM, so inside of one there is a count. */
  private static final Map<String, ReusedContainer> OF_THIS_JVM = new ConcurrentHashMap<>();

  private final String name;
  private int users;
  private @Nullable FileChannel usersFile;

  private ReusedContainer(String name) {
    this.name = name;
  }

  /** Its use by one engine; to be left once. */
  record Use(Container container, Runnable leave) {}

  /** The container of a key, started if nobody uses it; blocks while another JVM starts it. */
  static Use join(
      ContainerEngine engine,
      String key,
      ContainerSpec spec,
      Function<ContainerSpec, Container> create) {
    String name = "reuse-" + hash(key + "\n" + spec.image());
    ReusedContainer shared = OF_THIS_JVM.computeIfAbsent(name, ReusedContainer::new);
    Container container = shared.enter(engine, spec, create);
    return new Use(container, () -> shared.leave(container));
  }

  /** Removes what killed JVMs have left. */
  static void removeOrphans(ContainerEngine engine) {
    if (!Files.isDirectory(directory())) {
      return;
    }
    List<String> names;
    try (Stream<Path> files = Files.list(directory())) {
      names =
          files
              .map(file -> String.valueOf(file.getFileName()))
              .filter(file -> file.endsWith(USERS))
              .map(file -> file.substring(0, file.length() - USERS.length()))
              .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    for (String name : names) {
      OF_THIS_JVM.computeIfAbsent(name, ReusedContainer::new).removeIfUnused(engine);
    }
  }

  private synchronized void removeIfUnused(ContainerEngine engine) {
    try (FileChannel gate = open(GATE)) {
      // Until the file is closed.
      var unused = gate.lock();
      if (users == 0 && isUnused()) {
        engine.find(name).ifPresent(Container::close);
        Files.deleteIfExists(file(USERS));
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private synchronized Container enter(
      ContainerEngine engine, ContainerSpec spec, Function<ContainerSpec, Container> create) {
    try (FileChannel gate = open(GATE)) {
      // Until the file is closed.
      var unused = gate.lock();
      try {
        boolean alone = users == 0 && takeUse();
        Container container = find(engine, alone, spec, create);
        users++;
        return container;
      } catch (IOException | RuntimeException | Error e) {
        if (users == 0) {
          dropUse();
        }
        throw e;
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private Container find(
      ContainerEngine engine,
      boolean alone,
      ContainerSpec spec,
      Function<ContainerSpec, Container> create) {
    Container found = engine.find(name).orElse(null);
    if (found != null && !alone && found.isRunning()) {
      return found;
    }
    if (found != null) {
      // What a killed JVM left, in whatever state, or one that has ended.
      found.close();
    }
    return create.apply(spec.toBuilder().name(name).detached().build());
  }

  /** Locks the file of the users; says whether there was none before. */
  private boolean takeUse() throws IOException {
    boolean alone = isUnused();
    FileChannel file = open(USERS);
    usersFile = file;
    FileLock held = file.lock(0, Long.MAX_VALUE, true);
    return alone && held.isValid();
  }

  /** By other JVMs, while nobody comes or goes. */
  private boolean isUnused() throws IOException {
    try (FileChannel file = open(USERS);
        FileLock alone = file.tryLock()) {
      return alone != null;
    }
  }

  private void dropUse() throws IOException {
    if (usersFile != null) {
      usersFile.close();
      usersFile = null;
    }
  }

  private synchronized void leave(Container container) {
    try (FileChannel gate = open(GATE)) {
      // Until the file is closed.
      var unused = gate.lock();
      users--;
      if (users > 0) {
        return;
      }
      dropUse();
      if (isUnused()) {
        container.close();
        Files.deleteIfExists(file(USERS));
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private static Path directory() {
    return EngineBuilder.defaultDataRoot().resolve("reuse");
  }

  private Path file(String suffix) {
    return directory().resolve(name + suffix);
  }

  private FileChannel open(String suffix) throws IOException {
    Files.createDirectories(directory());
    return FileChannel.open(
        file(suffix), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private RuncibleException failed(IOException e) {
    return new RuncibleException(
        ErrorKind.UNAVAILABLE, "the locks of the shared container '" + name + "' do not work", e);
  }

  private static String hash(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest).substring(0, KEY_LENGTH);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
