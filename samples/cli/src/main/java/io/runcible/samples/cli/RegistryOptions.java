package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.registry.DockerCredentials;
import io.runcible.registry.RegistryClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How registries are spoken to. */
final class RegistryOptions {
  @Option(
      names = "--tls-verify",
      arity = "1",
      paramLabel = "BOOLEAN",
      description = {
        "With false, the certificates of the registries named do not matter,",
        "and they may speak plain HTTP."
      })
  private boolean tlsVerify = true;

  @Option(
      names = "--authfile",
      paramLabel = "FILE",
      description = "The only file with credentials. Default: those of docker and podman.")
  private @Nullable Path authFile;

  /** A client for these registries, which the caller closes. */
  RegistryClient client(Collection<String> registries) {
    return existing(registries).build();
  }

  /** The same before it is made. */
  RegistryClient.Builder existing(Collection<String> registries) {
    if (authFile != null && !Files.exists(authFile)) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, "there is no file '" + authFile + "'");
    }
    return builder(registries);
  }

  /** The same, but the file of credentials need not be there. */
  RegistryClient.Builder builder(Collection<String> registries) {
    RegistryClient.Builder client = RegistryClient.builder();
    if (authFile != null) {
      client.credentialStore(DockerCredentials.file(authFile));
    }
    if (!tlsVerify) {
      registries.forEach(client::insecure);
    }
    return client;
  }
}
