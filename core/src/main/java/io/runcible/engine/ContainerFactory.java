package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.network.PortBinding;
import io.runcible.runtime.Bundle;
import io.runcible.runtime.HostLimits;
import io.runcible.runtime.RuntimeSpec;
import io.runcible.snapshot.Changes;
import io.runcible.state.Journal;
import io.runcible.store.Lease;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts containers together: directory, writable layer, mount, configuration. */
final class ContainerFactory {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int ID_BYTES = 6;
  private static final int NAMINGS = 3;

  private final EngineParts parts;
  private final ContainerRemover remover;
  private final ContainerConnections connections;
  private final IdRanges ids;
  private final CompiledSeccomp seccomp;
  private final Set<String> notesSaid = ConcurrentHashMap.newKeySet();

  ContainerFactory(EngineParts parts, ContainerRemover remover) {
    this.parts = parts;
    this.remover = remover;
    this.connections = new ContainerConnections(parts);
    this.seccomp = new CompiledSeccomp(parts.tasks());
    this.ids =
        new IdRanges(
            parts.host()::ids, parts.containers(), Path.of("/etc"), Path.of("/run/runcible-ids"));
  }

  ContainerConnections connections() {
    return connections;
  }

  /**
   * A container that has not been started; all is undone if making it fails.
   *
   * @param lease keeps what it needs until it has a record
   */
  Container create(ContainerSpec spec, ImageConfig image, List<Digest> chain, Lease lease) {
    ContainerSpec connected = connections.choose(spec);
    ContainerNetwork.check(parts, connected);
    ContainerUserNamespace.check(parts, connected);
    SelinuxLabels.check(connected, parts.host().rootless());
    ReapingInit.check(connected);
    Map<String, String> shared = SharedNamespaces.of(parts, connected);
    String id = spec.name().isPresent() ? spec.name().get() : randomId();
    ContainerDirectory directory = ContainerDirectory.of(parts.containers(), id);
    Map<String, List<Digest>> mounted = images(connected, lease);
    ContainerConnection connection = connections.make(connected, directory);
    try {
      return create(directory, connected, shared, image, chain, mounted, connection);
    } catch (RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /** The layers of the images that are to be mounted. */
  private Map<String, List<Digest>> images(ContainerSpec spec, Lease lease) {
    Map<String, List<Digest>> images = new LinkedHashMap<>();
    for (Mount mount : spec.mounts()) {
      if (mount.kind() == Mount.Kind.IMAGE) {
        ImageReference reference = ImageReference.parse(mount.name().orElseThrow());
        images.put(reference.toString(), Images.chain(parts.images().require(reference, lease)));
      }
    }
    return images;
  }

  private Container create(
      ContainerDirectory directory,
      ContainerSpec spec,
      Map<String, String> shared,
      ImageConfig image,
      List<Digest> chain,
      Map<String, List<Digest>> mounted,
      ContainerConnection connection) {
    ContainerOptions options = ContainerOptions.of(spec, image, shared);
    ContainerStorage storage = ContainerStorage.of(spec, mounted.values());
    Claimed claimed =
        ids.with(
            spec.userNamespace(),
            own ->
                claim(
                    directory,
                    record(
                        directory.id(),
                        spec,
                        options,
                        image,
                        chain,
                        storage,
                        connection.ports(),
                        own)));
    ContainerRecord record = claimed.record();
    Container container =
        new Container(
            parts,
            remover,
            directory,
            record,
            spec.stdio(),
            Optional.of(claimed.entry()),
            connection);
    container.tellCreated();
    try {
      parts.watchdog().add(record);
      prepare(directory, record, spec, image, chain, mounted, connection);
      if (spec.isDetached()) {
        container.letLive();
      }
      return container;
    } catch (RuntimeException e) {
      try {
        container.close();
      } catch (RuntimeException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private ContainerRecord record(
      String id,
      ContainerSpec spec,
      ContainerOptions options,
      ImageConfig image,
      List<Digest> chain,
      ContainerStorage storage,
      List<PortBinding> ports,
      IdMaps own) {
    String token = randomId();
    return new ContainerRecord(
        id,
        token,
        // A name may have underscores, and a host name may not.
        spec.hostname().orElse(id.replace('_', '-')),
        spec.image().toString(),
        texts(chain),
        // Unique on the host: stores do not know each other's names.
        parts.limits().place().path(id, token, keepsCgroup(options)),
        stopSignal(spec, image),
        spec.isDetached(),
        System.currentTimeMillis(),
        texts(ports),
        options,
        storage,
        own);
  }

  private static List<String> texts(List<?> values) {
    List<String> texts = new ArrayList<>();
    for (Object value : values) {
      texts.add(value.toString());
    }
    return texts;
  }

  private boolean keepsCgroup(ContainerOptions options) {
    return parts.runtime().keepsCgroup() && !SharedNamespaces.outlivedByOthers(options);
  }

  /** The image's signal is hostile text; one that is none counts as not given. */
  private static int stopSignal(ContainerSpec spec, ImageConfig image) {
    try {
      Optional<String> wanted =
          spec.stopSignal().isPresent() ? spec.stopSignal() : image.stopSignal();
      return Signals.parse(wanted.orElse("TERM"));
    } catch (RuncibleException e) {
      return Signals.TERM;
    }
  }

  private record Claimed(ContainerRecord record, Journal.Entry entry) {}

  private Claimed claim(ContainerDirectory directory, ContainerRecord record) {
    Journal.Entry entry =
        parts.journal().record(ContainerRemover.KIND, ContainerRemover.facts(record));
    try {
      makeNamed(directory, record);
      return new Claimed(record, entry);
    } catch (RuntimeException e) {
      entry.done();
      throw e;
    }
  }

  /** The directory gets its name together with its record, so no name is without an owner. */
  private void makeNamed(ContainerDirectory directory, ContainerRecord record) {
    Path unnamed = ContainerRemover.unnamed(parts.containers(), record.token());
    try {
      Files.createDirectory(
          unnamed,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      record.write(new ContainerDirectory(unnamed));
      if (record.detached()) {
        Files.writeString(unnamed.resolve(PrivilegedHost.MARK), "");
      }
      giveName(unnamed, directory);
    } catch (RuncibleException e) {
      parts.host().removeTree(unnamed);
      throw e;
    } catch (IOException e) {
      parts.host().removeTree(unnamed);
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot make the container '" + directory.path() + "'", e);
    }
  }

  private static void giveName(Path unnamed, ContainerDirectory directory) throws IOException {
    for (int i = 1; ; i++) {
      try {
        Files.move(unnamed, directory.path(), StandardCopyOption.ATOMIC_MOVE);
        return;
      } catch (IOException e) {
        // The kernel moves a directory to no name that has one with something in it.
        if (Files.exists(directory.record())) {
          throw new RuncibleException(
              ErrorKind.ALREADY_EXISTS,
              "there is a container '"
                  + directory.id()
                  + "' already; remove it or choose another name",
              e);
        }
        // What had the name may have been removed just now.
        if (i == NAMINGS) {
          throw e;
        }
      }
    }
  }

  private void prepare(
      ContainerDirectory directory,
      ContainerRecord record,
      ContainerSpec spec,
      ImageConfig image,
      List<Digest> chain,
      Map<String, List<Digest>> mounted,
      ContainerConnection connection) {
    try {
      Files.createDirectory(directory.rootfs());
      Files.createDirectory(directory.execs());
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot make the container '" + directory.path() + "'", e);
    }
    // What outlives this process may want to outlive a power cut.
    Changes changes = spec.isDetached() ? Changes.DURABLE : Changes.THROW_AWAY;
    if (spec.writableLimit().isPresent()) {
      changes = changes.withMaxBytes(spec.writableLimit().getAsLong());
    }
    ContainerUserNamespace own = new ContainerUserNamespace(parts, directory, record);
    own.make(spec.network().kind());
    parts
        .snapshotter()
        .prepare(chain, directory.path(), own.owned(SelinuxLabels.labeled(spec, changes)))
        .mount(directory.rootfs());
    Path rootfs = parts.host().visible(directory.rootfs());
    RootDirectories.check(rootfs);
    ContainerNetwork network = new ContainerNetwork(parts, directory, spec);
    SharedNamespaces shared = new SharedNamespaces(parts, directory, record);
    String hostname = shared.hostname(record.hostname());
    sayOnce(HostFiles.write(directory, hostname, spec, connection.resolvConf()));
    network.attach(record);
    own.give("hostname", "hosts", "resolv.conf");
    RuntimeSpecs specs = new RuntimeSpecs(image, spec, parts.limits());
    UserLookup.Identity user = UserLookup.find(parts.host(), rootfs, specs.user(), spec.groups());
    record.ids().require(user);
    RuntimeSpec.Builder runtimeSpec =
        specs.container(directory, record, hostname, network, user).toBuilder();
    // Where there is a limit to what it writes, what it writes to its volumes counts.
    boolean inRoot =
        spec.writableLimit().isPresent()
            || spec.hasVolumesInRoot()
            || record.ids().nested()
            || spec.selinuxFileLabel().isPresent();
    own.configure(runtimeSpec);
    SelinuxLabels.configure(spec, runtimeSpec);
    new ContainerMounts(parts, directory, record, spec, mounted, own)
        .make(rootfs, inRoot ? Set.of() : image.volumes(), runtimeSpec);
    shared.configure(spec, runtimeSpec);
    if (spec.hasInit()) {
      ReapingInit.configure(directory, runtimeSpec);
    }
    if (inRoot) {
      volumesInRoot(rootfs, directory, record, spec, image.volumes(), runtimeSpec);
    }
    own.giveRoot();
    SelinuxLabels.label(spec, directory);
    keepGroupsReadOnly(runtimeSpec);
    HostLimits.Clamped<RuntimeSpec> clamped = parts.limits().clamp(runtimeSpec.build());
    sayOnce(clamped.notes());
    RuntimeSpec value = clamped.value();
    Bundle.write(directory.path(), isCrun() ? seccomp.addTo(value) : value);
  }

  /** crun makes what is mounted below a read-only path writable: here a container's own limits. */
  private void keepGroupsReadOnly(RuntimeSpec.Builder spec) {
    if (isCrun()) {
      List<String> paths = new ArrayList<>(spec.build().readonlyPaths());
      for (Path group : parts.limits().cgroups().group("/any").directories()) {
        // What a container does not have is passed over.
        paths.add("/sys/fs/cgroup/" + group.getName(group.getNameCount() - 2));
      }
      spec.readonlyPaths(paths);
    }
  }

  private boolean isCrun() {
    return parts.runtime().info().name().equals("crun");
  }

  private static void volumesInRoot(
      Path rootfs,
      ContainerDirectory directory,
      ContainerRecord record,
      ContainerSpec spec,
      Set<String> volumes,
      RuntimeSpec.Builder runtimeSpec) {
    for (Path volume : RootDirectories.make(rootfs, directory.rootfs(), volumes, record.ids())) {
      String inside = "/" + directory.rootfs().relativize(volume);
      if (spec.isReadOnlyRoot()
          && spec.mounts().stream().noneMatch(m -> m.destination().equals(inside))) {
        runtimeSpec.mount(RuntimeSpec.Mount.bind(volume, inside, false));
      }
    }
  }

  private void sayOnce(List<String> notes) {
    for (String note : notes) {
      if (notesSaid.add(note)) {
        log().warn("{}", note);
      }
    }
  }

  /** Twelve hexadecimal digits that nobody can guess. */
  static String randomId() {
    byte[] bytes = new byte[ID_BYTES];
    RANDOM.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  private static Logger log() {
    return LoggerFactory.getLogger(ContainerFactory.class);
  }
}
