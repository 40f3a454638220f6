package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.registry.RegistryClient;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Forgets the credentials for a registry. */
@Command(
    name = "logout",
    description = "Forget the name and password for a registry.",
    mixinStandardHelpOptions = true)
final class LogoutCommand implements Callable<Integer> {
  @Mixin private RegistryOptions options = new RegistryOptions();

  @Parameters(paramLabel = "REGISTRY", arity = "0..1", description = "Default: ${DEFAULT-VALUE}.")
  private String registry = "docker.io";

  @Override
  public Integer call() {
    try (RegistryClient client = options.client(List.of())) {
      if (!client.logout(registry)) {
        throw new RuncibleException(
            ErrorKind.NOT_FOUND, "there is no login for '" + registry + "'");
      }
    }
    return 0;
  }
}
