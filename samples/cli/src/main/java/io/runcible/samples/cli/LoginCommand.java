package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.registry.Credentials;
import io.runcible.registry.RegistryClient;
import java.io.Console;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tries credentials out and keeps them. */
@Command(
    name = "login",
    description = {
      "Keep a name and a password for a registry, or for a part of it.",
      "They are tried out, and kept where docker and podman find them, too."
    },
    mixinStandardHelpOptions = true)
final class LoginCommand implements Callable<Integer> {
  private static final int MAX_PASSWORD = 1 << 16;

  @Mixin private RegistryOptions options = new RegistryOptions();

  @Option(
      names = {"-u", "--username"},
      description = "Default: asks.")
  private @Nullable String username;

  // Never as an argument: all users of a host see these.
  @Option(names = "--password-stdin", description = "Read the password. Default: asks.")
  private boolean passwordStdin;

  @Option(
      names = {"-p", "--password"},
      description = "Not supported: all users of a host see the words of a command.")
  private @Nullable String password;

  @Parameters(paramLabel = "REGISTRY", arity = "0..1", description = "Default: ${DEFAULT-VALUE}.")
  private String registry = "docker.io";

  @Override
  public Integer call() throws IOException {
    if (password != null) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "--password is not supported, as all users of a host see the words of a command; give it"
              + " by --password-stdin");
    }
    String user = username != null ? username : ask("Username: ");
    String secret = passwordStdin ? readPassword() : askPassword();
    String host = registry.split("/", 2)[0];
    try (RegistryClient client = options.builder(List.of(host)).build()) {
      client.login(registry, Credentials.basic(user, secret));
    }
    System.out.println("logged in to " + registry);
    return 0;
  }

  private static String readPassword() throws IOException {
    byte[] input = System.in.readNBytes(MAX_PASSWORD + 1);
    if (input.length > MAX_PASSWORD) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, "this is too much for a password");
    }
    return new String(input, StandardCharsets.UTF_8).replaceFirst("\\r?\\n$", "");
  }

  private static String ask(String prompt) {
    return Optional.ofNullable(terminal("--username").readLine("%s", prompt))
        .orElseThrow(LoginCommand::noAnswer);
  }

  private static String askPassword() {
    return Optional.ofNullable(terminal("--password-stdin").readPassword("Password: "))
        .map(String::new)
        .orElseThrow(LoginCommand::noAnswer);
  }

  private static RuncibleException noAnswer() {
    return new RuncibleException(ErrorKind.CANCELLED, "there was no answer");
  }

  private static Console terminal(String instead) {
    return Optional.ofNullable(System.console())
        .filter(console -> Progress.isTerminal(0))
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.FAILED_PRECONDITION, "there is no terminal to ask; use " + instead));
  }
}
