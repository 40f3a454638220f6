package io.runcible.junit;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Ready;
import io.runcible.junit.RunContainer.Pull;
import io.runcible.junit.RunContainer.Scope;
import io.runcible.network.Network;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * What {@link ContainerExtension} and the presets have in common, for presets of one's own.
 *
 * @param <T> the preset itself
 */
public abstract class AbstractContainerExtension<T extends AbstractContainerExtension<T>>
    implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {
  private Consumer<ContainerSpec.Builder> change = builder -> {};
  private final SharedContainer shared = new SharedContainer();
  private final List<AbstractContainerExtension<?>> others = new ArrayList<>();
  private final List<String[]> files = new ArrayList<>();
  private final Map<String, List<String>> networks = new LinkedHashMap<>();
  private String name;
  private String stateName = "";
  private @Nullable Primer<? super T> primer;
  private @Nullable Ready ready;
  private Scope scope = Scope.AUTO;
  private String reuse = "";
  private Pull pull = Pull.MISSING;
  private volatile @Nullable Container primed;

  /**
   * For presets, which add accessors of their own.
   *
   * @param name see {@link #named}
   */
  protected AbstractContainerExtension(String name) {
    this.name = name;
  }

  /** What to run; called before each start, when the containers that it depends on are ready. */
  protected abstract ContainerSpec spec(ContainerEngine engine);

  /**
   * The same with all that {@link #with} and {@link #network} change, for a preset whose settings
   * depend on that.
   */
  protected ContainerSpec complete(ContainerSpec spec) {
    return spec;
  }

  /** What is waited for, unless {@link #ready} says something else; empty for nothing. */
  protected Optional<Ready> defaultReady(ContainerSpec spec) {
    return ReadyText.ofPorts(spec);
  }

  /** Changes the spec in what there is no other method for. */
  public final T with(Consumer<ContainerSpec.Builder> change) {
    this.change = this.change.andThen(change);
    return self();
  }

  /**
   * Puts it on a network, in the place of those of the spec; several calls put it on several.
   *
   * @param network as in {@link RunContainer#network}: by its name containers of the tests share it
   * @param aliases names that the others on it find it by; then it has to be a bridge network
   */
  public final T network(String network, String... aliases) {
    networks.put(network, List.of(aliases));
    return self();
  }

  /**
   * A name for {@link HostPort} and the like; by default the last part of the image's name, where
   * the spec is given and not a function.
   */
  public final T named(String name) {
    this.name = name;
    return self();
  }

  /**
   * What has to be the case before tests begin; by default that something listens on each TCP port
   * that is published.
   */
  public final T ready(Ready ready) {
    this.ready = ready;
    return self();
  }

  /**
   * Copies a file or directory of the class path in before the start; see {@link
   * RunContainer#files}.
   */
  public final T file(String resource, String destination) {
    files.add(new String[] {resource, destination});
    return self();
  }

  /**
   * Fills the service once, for all test runs, and begins with that, in a copy of its own.
   *
   * @param name tells what it does apart from what others do, and from what it did before
   * @param primer gets this, the container of which is the one to be filled
   */
  public final T prime(String name, Primer<? super T> primer) {
    stateName = name;
    this.primer = primer;
    return self();
  }

  /** The same with a primer whose class, which is no lambda, is its name. */
  public final T prime(Primer<? super T> primer) {
    return prime(PrimedState.nameOf(primer.getClass()), primer);
  }

  /** Starts these before, if they have not been started. */
  public final T dependsOn(AbstractContainerExtension<?>... others) {
    this.others.addAll(List.of(others));
    return self();
  }

  /**
   * How long it lives; by default as long as the field. With {@link Scope#RUN} it starts at the
   * first use and ends with the test run, and is one for all classes that register this same
   * object, inherited or as {@code @RegisterExtension static final Postgres DB = Services.DB}. What
   * it depends on has to live as long. With {@link Scope#CLASS}, classes that register this same
   * object and run at the same time share the container, as without a scope. Other scopes than
   * {@link Scope#AUTO} are for fields that are static, or of an instance that lives as long as its
   * class, and fail a test otherwise.
   */
  public final T scope(Scope scope) {
    this.scope = scope;
    return self();
  }

  /**
   * One container for all test JVMs of this user, as {@link RunContainer#reuse} says; with the
   * scope {@link Scope#AUTO} each uses it for its whole run. Those share it who have the same key
   * here, for the same service of the same image, entry point, command, environment, user, ports,
   * networks, mounts, copied files and primed state. A network of the tests is each JVM's own, so
   * with one the test fails. A {@code Kafka} has another port in its environment in each JVM, and
   * so is never shared. With a key, too, the field has to be static, or of an instance that lives
   * as long as its class; otherwise the test fails.
   *
   * @param key empty for a container of one's own, the default
   */
  public final T reuse(String key) {
    reuse = key;
    return self();
  }

  /** When the image is pulled; by default if it is not in the store. */
  public final T pull(Pull pull) {
    this.pull = pull;
    return self();
  }

  /**
   * How a client reaches it, for frameworks; asked when the container is ready. By default told by
   * the image, if that is one of the usual images of PostgreSQL, MySQL, MariaDB, Redis, MongoDB,
   * Kafka or RabbitMQ by the last part of its name, and otherwise empty.
   */
  protected Optional<ServiceConnection> connection() {
    return KnownImages.connection(container());
  }

  /** The container. */
  public final Container container() {
    return running()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "no test runs that has the container; is the extension registered?"));
  }

  /** While it is primed, and is nobody's yet, it is that container. */
  private Optional<Container> running() {
    Container filled = primed;
    return filled == null ? shared.current() : Optional.of(filled);
  }

  /** Whether it is the same container in all classes of the run. */
  final boolean isOfRun() {
    return scope == Scope.RUN || (scope == Scope.AUTO && !reuse.isEmpty());
  }

  /** The port of the host that publishes a port of the container. */
  public final int hostPort(int containerPort) {
    return container().hostPort(containerPort);
  }

  /** Where a client connects to, to reach a published port. */
  public final InetSocketAddress hostAddress(int containerPort) {
    return container().hostAddress(containerPort);
  }

  /** The same as {@code host:port}, as it stands in a URL. */
  protected final String address(int containerPort) {
    return HostAddresses.text(hostAddress(containerPort));
  }

  @Override
  public final void beforeAll(ExtensionContext context) {
    start(context);
  }

  /** That it runs for others is not enough: they may end before. */
  @Override
  public final void beforeEach(ExtensionContext context) {
    // A store looks in those around it, too, and so in that of beforeAll.
    if (context.getStore(TestRun.NAMESPACE).get(this) == null) {
      start(context);
    }
  }

  @Override
  public final void afterEach(ExtensionContext context) {
    FailureReport.ifFailed(context);
  }

  @Override
  public final void afterAll(ExtensionContext context) {
    FailureReport.ifFailed(context);
  }

  @SuppressWarnings("unchecked")
  private T self() {
    return (T) this;
  }

  private void start(ExtensionContext context) {
    if (isOfRun()) {
      requireClass(context);
    }
    context.getStore(TestRun.NAMESPACE).put(this, true);
    Batch batch = new Batch(context);
    add(batch, new ArrayList<>(), context);
    batch.start();
  }

  private void requireClass(ExtensionContext context) {
    if (context.getTestMethod().isPresent()) {
      throw new ExtensionConfigurationException(
          "the container '"
              + plan(context).name()
              + "' is to outlive a test: its field has to be static");
    }
  }

  private Plan plan(ExtensionContext context) {
    return new Plan(context.getRequiredTestClass().getClassLoader());
  }

  /** After those it depends on. */
  private void add(Batch batch, List<AbstractContainerExtension<?>> all, ExtensionContext context) {
    if (scope == Scope.CLASS) {
      // Also where a test's container depends on it: it would end with that test.
      requireClass(context);
    }
    Plan plan = plan(context);
    for (AbstractContainerExtension<?> other : others) {
      String itsName = other.plan(context).name();
      if (isOfRun() && !other.isOfRun()) {
        throw new ExtensionConfigurationException(
            "the container '"
                + plan.name()
                + "' is one for the whole run, and '"
                + itsName
                + "', which it depends on, ends before");
      }
      // Those that this context does not know are counted for it, though they may run for others.
      if (!all.contains(other) && new KnownContainers(context).find(itsName).isEmpty()) {
        other.add(batch, all, context);
      }
    }
    batch.add(plan, isOfRun() ? Home.ofRun(context, shared) : Home.counted(context, shared));
    all.add(this);
  }

  /** Fills the container as this service, whose accessors then speak of that container. */
  private final class OfService implements Primer<Container> {
    private final Primer<? super T> primer;

    OfService(Primer<? super T> primer) {
      this.primer = primer;
    }

    @Override
    public void prime(Container filled) throws Exception {
      primed = filled;
      try {
        primer.prime(self());
      } finally {
        primed = null;
      }
    }

    @Override
    public List<String> resources() {
      return primer.resources();
    }

    @Override
    public String version() {
      return primer.version();
    }
  }

  private final class Plan implements ContainerPlan {
    private final ClassLoader loader;

    Plan(ClassLoader loader) {
      this.loader = loader;
    }

    @Override
    public String name() {
      return name.isEmpty()
          ? "container-" + System.identityHashCode(AbstractContainerExtension.this)
          : name;
    }

    @Override
    public List<String> dependsOn() {
      return others.stream().map(other -> other.new Plan(loader).name()).toList();
    }

    @Override
    public ContainerSpec spec(Surroundings surroundings) {
      if (!reuse.isEmpty()) {
        TestNetworks.requireNone(name(), reuse, networks.keySet());
      }
      ContainerSpec.Builder builder =
          AbstractContainerExtension.this.spec(surroundings.engine()).toBuilder();
      change.accept(builder);
      List<Network> all = new ArrayList<>();
      networks.forEach(
          (network, aliases) -> {
            Network one = surroundings.network(network);
            for (String alias : aliases) {
              one = one.withAlias(alias);
            }
            all.add(one);
          });
      if (!all.isEmpty()) {
        builder.network(all.get(0), all.stream().skip(1).toArray(Network[]::new));
      }
      return complete(builder.build());
    }

    @Override
    public Optional<Ready> ready(ContainerSpec built) {
      return ready == null ? defaultReady(built) : Optional.of(ready);
    }

    @Override
    public List<ClassPathFile> files(Surroundings surroundings) {
      return files.stream().map(pair -> ClassPathFile.of(pair[0], pair[1], loader)).toList();
    }

    @Override
    public Pull pull() {
      return pull;
    }

    @Override
    public Optional<PrimedState> state() {
      Primer<? super T> wanted = primer;
      return wanted == null
          ? Optional.empty()
          : Optional.of(new PrimedState(stateName, new OfService(wanted), loader));
    }

    @Override
    public String reuseKey(ContainerSpec spec) {
      return reuse.isEmpty()
          ? ""
          : ReuseKey.of(reuse, AbstractContainerExtension.this.getClass(), spec);
    }
  }
}
