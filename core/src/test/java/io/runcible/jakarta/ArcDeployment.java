package io.runcible.jakarta;

import io.quarkus.arc.Arc;
import io.quarkus.arc.ArcInitConfig;
import io.quarkus.arc.processor.BeanArchives;
import io.quarkus.arc.processor.BeanProcessor;
import io.quarkus.arc.processor.bcextensions.ExtensionsEntryPoint;
import jakarta.enterprise.inject.Instance;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.jboss.jandex.CompositeIndex;
import org.jboss.jandex.Index;
import org.jboss.jandex.IndexView;
import org.jboss.jandex.Indexer;

/**
 * In the CDI container of Quarkus: what a build does, makes the classes of the container among
 * those of the application; then they are run.
 */
final class ArcDeployment extends Deployment {
  ArcDeployment() {
    try {
      Path archive = Path.of(System.getProperty("test.archive"));
      build(archive);
      Arc.initialize(ArcInitConfig.builder().build());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void build(Path archive)
      throws IOException, InterruptedException, ExecutionException {
    // Finds the extension as a service.
    ExtensionsEntryPoint extensions = new ExtensionsEntryPoint();
    Index application = index(beanClasses().stream().map(Class::getName).toList());
    Set<String> found = new LinkedHashSet<>();
    extensions.runDiscovery(BeanArchives.buildImmutableBeanArchiveIndex(application), found);
    IndexView beans =
        BeanArchives.buildImmutableBeanArchiveIndex(
            CompositeIndex.create(application, index(found)));
    BeanProcessor.builder()
        .setName("probe")
        .setImmutableBeanArchiveIndex(beans)
        .setComputingBeanArchiveIndex(
            BeanArchives.buildComputingBeanArchiveIndex(
                ArcDeployment.class.getClassLoader(), new ConcurrentHashMap<>(), beans))
        .setBuildCompatibleExtensions(extensions)
        .setRemoveUnusedBeans(false)
        .setOutput(
            resource -> {
              switch (resource.getType()) {
                case JAVA_CLASS -> resource.writeTo(archive.toFile());
                case SERVICE_PROVIDER ->
                    resource.writeTo(archive.resolve("META-INF/services").toFile());
                default -> throw new IllegalStateException(resource.getName());
              }
            })
        .build()
        .process();
  }

  private static Index index(Collection<String> classes) throws IOException {
    Indexer indexer = new Indexer();
    for (String name : classes) {
      try (InputStream bytes =
          ArcDeployment.class
              .getClassLoader()
              .getResourceAsStream(name.replace('.', '/') + ".class")) {
        indexer.index(bytes);
      }
    }
    return indexer.complete();
  }

  @Override
  Instance<Object> beans() {
    return Arc.container().beanManager().createInstance();
  }

  @Override
  public void close() {
    Arc.shutdown();
  }
}
