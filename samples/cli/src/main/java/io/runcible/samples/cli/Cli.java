package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Platform;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * The command line.
 *
 * <p>Exit codes: 0 for success; of {@code run} and {@code exec} that of the process; 2 for a
 * command line that is not understood; 125 for an error, 126 for a program that cannot be executed,
 * 127 for one that is not there; an error is one line on the error output.
 */
@Command(
    name = "runcible",
    description = "Containers and images without a daemon.",
    mixinStandardHelpOptions = true,
    versionProvider = Cli.Version.class,
    subcommands = {
      PullCommand.class,
      InspectCommand.class,
      TagsCommand.class,
      CopyCommand.class,
      SyncCommand.class,
      UnpackCommand.class,
      DeleteCommand.class,
      LoginCommand.class,
      LogoutCommand.class,
      ImagesCommand.class,
      RemoveImageCommand.class,
      PruneCommand.class,
      RunCommand.class,
      ExecCommand.class,
      ListCommand.class,
      LogsCommand.class,
      StopCommand.class,
      RemoveCommand.class,
      PauseCommand.class,
      UnpauseCommand.class,
      RestartCommand.class,
      RenameCommand.class,
      UpdateCommand.class,
      StatsCommand.class,
      TopCommand.class,
      InspectContainerCommand.class,
      FileCopyCommand.class,
      ExportCommand.class,
      DiffCommand.class,
      CommitCommand.class,
      InfoCommand.class
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:success; of run and exec: what the process ended with",
      "2:the command line is not understood",
      "125:it failed, with the reason on the error output",
      "126:the program of the container cannot be executed",
      "127:the program of the container is not there"
    })
public final class Cli {
  static final int FAILED = 125;
  private static final int CANNOT_EXECUTE = 126;
  private static final int NO_PROGRAM = 127;

  private Cli() {}

  /** Runs one command. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    IExecutionExceptionHandler handler = (failure, commandLine, result) -> report(failure);
    CommandLine commands =
        new CommandLine(new Cli())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .registerConverter(Platform.class, Platform::parse)
            .setParameterExceptionHandler((failure, arguments) -> misunderstood(failure))
            .setExecutionExceptionHandler(handler);
    // What follows the image or the container is the program's.
    for (String name : List.of("run", "exec")) {
      Objects.requireNonNull(commands.getSubcommands().get(name)).setStopAtPositional(true);
    }
    return commands;
  }

  private static int report(Exception failure) {
    Object shown = failure instanceof RuncibleException ? failure.getMessage() : failure;
    System.err.println("runcible: " + printable(shown));
    return FAILED;
  }

  private static int misunderstood(ParameterException failure) {
    String command = failure.getCommandLine().getCommandSpec().qualifiedName();
    System.err.println(
        "runcible: " + printable(failure.getMessage()) + "; see " + command + " --help");
    return failure.getCommandLine().getCommandSpec().exitCodeOnInvalidInput();
  }

  /** What is wrong with a command line as a whole. */
  static ParameterException usage(@Nullable CommandSpec command, String message) {
    return new ParameterException(Objects.requireNonNull(command).commandLine(), message);
  }

  /** Text from elsewhere, which may try to steer the terminal, as one line. */
  static String printable(@Nullable Object text) {
    return String.valueOf(text).replaceAll("\\R+", " ").replaceAll("[\\p{Cc}\\p{Cf}]", "?");
  }

  /**
   * The exit code that other engines have for a program that did not start.
   *
   * @throws RuncibleException the failure itself, if it was not for the program
   */
  static int notStarted(RuncibleException failure) {
    if (failure.kind() != ErrorKind.NOT_FOUND && failure.kind() != ErrorKind.PERMISSION_DENIED) {
      throw failure;
    }
    report(failure);
    return failure.kind() == ErrorKind.NOT_FOUND ? NO_PROGRAM : CANNOT_EXECUTE;
  }

  /** The version of the library. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = RuncibleException.class.getPackage().getImplementationVersion();
      return new String[] {"runcible " + (version == null ? "(not from a jar)" : version)};
    }
  }
}
