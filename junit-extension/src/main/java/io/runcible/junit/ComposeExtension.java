package io.runcible.junit;

import io.runcible.engine.Container;
import io.runcible.junit.RunContainer.Scope;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Store;

/**
 * Runs the services of a Compose file for tests. The file is read here; no other program is needed.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final ComposeExtension shop = ComposeExtension.of(Path.of("compose.yaml"));
 *
 * @Test
 * void answers(@HostUrl("http://web:8080/") URI url) { … }
 * }</pre>
 *
 * <p>It lives as long as a {@link ContainerExtension} of the same scope does. Services start at the
 * same time, but for what they depend on; tests begin when all are ready: those with a health check
 * when they are healthy, others when something listens on each TCP port that they publish. Without
 * a host's port in the file, and only then, several runs do not get in each other's way. Ports are
 * published on 127.0.0.1 unless the file names another address.
 *
 * <p>Of a file there may be services, bridge networks and volumes; of a service {@code image},
 * {@code entrypoint}, {@code command}, {@code environment}, {@code labels}, {@code ports} and
 * {@code volumes} in their short form, {@code networks} with aliases, {@code depends_on} with
 * {@code service_started} and {@code service_healthy}, {@code healthcheck}, {@code user}, {@code
 * working_dir}, {@code hostname}, {@code stop_signal}, {@code tmpfs}, {@code mem_limit}, {@code
 * cpus}, {@code pids_limit}, {@code cap_add}, {@code cap_drop}, {@code read_only}, {@code restart}
 * and {@code expose}, which does nothing. What is mounted is a file or directory of the host,
 * relative to the file's directory, a volume of the file, which its services share and which goes
 * with them, or a volume without a name. {@code ${NAME:-default}}, and a variable of a service that
 * has no value in the file, is a variable of the environment or, before that, a system property.
 * Anything else fails the test, by name, before a container starts.
 *
 * <p>All services are on bridge networks.
 */
public final class ComposeExtension
    implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {
  private static final int MAX_SIZE = 1 << 20;

  private final String document;
  private final Optional<Path> directory;
  private final Map<String, SharedContainer> shared = new ConcurrentHashMap<>();

  /** By their names in the file, those in the engine. */
  private final Map<String, String> volumes = new ConcurrentHashMap<>();

  /** The same where they are those of the run. */
  private final Map<String, String> networks = new ConcurrentHashMap<>();

  private Scope scope = Scope.AUTO;

  /** The classes or tests whose services run, which have the same volumes. */
  private int users;

  private ComposeExtension(String document, Optional<Path> directory) {
    this.document = document;
    this.directory = directory;
  }

  /** Of a file; paths in it are relative to its directory. */
  public static ComposeExtension of(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return new ComposeExtension(
          read(in, file.toString()), Optional.ofNullable(file.toAbsolutePath().getParent()));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read '" + file + "'", e);
    }
  }

  /** Of a text, in which paths of the host have to be absolute. */
  public static ComposeExtension ofText(String document) {
    return new ComposeExtension(document, Optional.empty());
  }

  private static String read(InputStream in, String name) throws IOException {
    byte[] bytes = in.readNBytes(MAX_SIZE + 1);
    if (bytes.length > MAX_SIZE) {
      throw new ExtensionConfigurationException("'" + name + "' is larger than 1 MiB");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /**
   * How long the services live; by default as long as the field. With {@link Scope#RUN} they start
   * at the first use and end with the test run, and are the same for all classes that register this
   * same object, inherited or as {@code @RegisterExtension static final ComposeExtension SHOP =
   * Services.SHOP}; containers of one class are not on their networks then. Other scopes than
   * {@link Scope#AUTO} are for fields that are static, or of an instance that lives as long as its
   * class, and fail a test otherwise.
   */
  public ComposeExtension scope(Scope scope) {
    this.scope = scope;
    return this;
  }

  /** The container of a service. */
  public Container container(String service) {
    return Optional.ofNullable(shared.get(service))
        .flatMap(SharedContainer::current)
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "no service '" + service + "' runs; there are " + running()));
  }

  private List<String> running() {
    return shared.entrySet().stream()
        .filter(one -> one.getValue().current().isPresent())
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  /** The port of the host that publishes a port of a service. */
  public int hostPort(String service, int containerPort) {
    return container(service).hostPort(containerPort);
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    start(context);
  }

  /** That they run for others is not enough: they may end before. */
  @Override
  public void beforeEach(ExtensionContext context) {
    // A store looks in those around it, too, and so in that of beforeAll.
    if (context.getStore(TestRun.NAMESPACE).get(this) == null) {
      start(context);
    }
  }

  @Override
  public void afterEach(ExtensionContext context) {
    FailureReport.ifFailed(context);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    FailureReport.ifFailed(context);
  }

  private void start(ExtensionContext context) {
    if (scope != Scope.AUTO && context.getTestMethod().isPresent()) {
      throw new ExtensionConfigurationException(
          "the services of a Compose file are to outlive a test: their field has to be static");
    }
    Store store = context.getStore(TestRun.NAMESPACE);
    store.put(this, true);
    TestVolumes ofRun = TestRun.of(context).volumes();
    // Before there are volumes: who leaves now would take them.
    enter();
    // Closed after the containers, which are put there later.
    AutoCloseable leave = () -> leave().forEach(ofRun::remove);
    (scope == Scope.RUN ? TestRun.store(context) : store).put(new Object(), leave);
    List<ComposeService> services =
        ComposeFile.parse(
            document,
            directory,
            ComposeExtension::variable,
            name -> ofRun.make(volumes.computeIfAbsent(name, ComposeExtension::unique)));
    Batch batch = new Batch(context);
    for (ComposeService service : services) {
      SharedContainer own = shared.computeIfAbsent(service.name(), name -> new SharedContainer());
      batch.add(service, home(context, own));
    }
    batch.start();
  }

  /** Of the run are all classes, which may have networks of the same names. */
  private Home home(ExtensionContext context, SharedContainer own) {
    return scope == Scope.RUN
        ? Home.ofRun(context, own, name -> networks.computeIfAbsent(name, ComposeExtension::unique))
        : Home.counted(context, own);
  }

  private synchronized void enter() {
    users++;
  }

  /** The volumes that nobody has any more; who comes next gets others. */
  private synchronized List<String> leave() {
    users--;
    if (users > 0) {
      return List.of();
    }
    List<String> unused = List.copyOf(volumes.values());
    volumes.clear();
    return unused;
  }

  private static String unique(String name) {
    return name + "-" + Placeholders.random();
  }

  private static @Nullable String variable(String name) {
    String property = System.getProperty(name);
    return property != null ? property : System.getenv(name);
  }
}
