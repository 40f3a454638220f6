package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Platform;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * The command line.
 *
 * <p>Exit codes: 0 for success; of {@code run}, {@code exec}, {@code attach} and {@code start -a}
 * that of the process; 2 for a command line that is not understood; 125 for an error, 126 for a
 * program that cannot be executed, 127 for one that is not there; an error is one line on the error
 * output.
 */
@Command(
    name = "runcible",
    description = "Containers and images without a daemon.",
    mixinStandardHelpOptions = true,
    versionProvider = Cli.Version.class,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:success; of run, exec, attach and start -a: what the process ended with",
      "2:the command line is not understood",
      "125:it failed, with the reason on the error output",
      "126:the program of the container cannot be executed",
      "127:the program of the container is not there"
    })
public final class Cli {
  static final int FAILED = 125;
  private static final int CANNOT_EXECUTE = 126;
  private static final int NO_PROGRAM = 127;

  /** The commands by their names, in the order of the help. */
  private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>();

  static {
    COMMANDS.put("pull", PullCommand.class);
    COMMANDS.put("push", PushCommand.class);
    COMMANDS.put("load", LoadCommand.class);
    COMMANDS.put("save", SaveCommand.class);
    COMMANDS.put("import", ImportCommand.class);
    COMMANDS.put("tag", TagCommand.class);
    COMMANDS.put("untag", UntagCommand.class);
    COMMANDS.put("inspect", InspectCommand.class);
    COMMANDS.put("history", HistoryCommand.class);
    COMMANDS.put("tags", TagsCommand.class);
    COMMANDS.put("copy", CopyCommand.class);
    COMMANDS.put("sync", SyncCommand.class);
    COMMANDS.put("unpack", UnpackCommand.class);
    COMMANDS.put("delete", DeleteCommand.class);
    COMMANDS.put("login", LoginCommand.class);
    COMMANDS.put("logout", LogoutCommand.class);
    COMMANDS.put("images", ImagesCommand.class);
    COMMANDS.put("rmi", RemoveImageCommand.class);
    COMMANDS.put("prune", PruneCommand.class);
    COMMANDS.put("run", RunCommand.class);
    COMMANDS.put("create", CreateCommand.class);
    COMMANDS.put("exec", ExecCommand.class);
    COMMANDS.put("attach", AttachCommand.class);
    COMMANDS.put("ps", ListCommand.class);
    COMMANDS.put("logs", LogsCommand.class);
    COMMANDS.put("stop", StopCommand.class);
    COMMANDS.put("rm", RemoveCommand.class);
    COMMANDS.put("start", StartCommand.class);
    COMMANDS.put("kill", KillCommand.class);
    COMMANDS.put("wait", WaitCommand.class);
    COMMANDS.put("port", PortCommand.class);
    COMMANDS.put("pause", PauseCommand.class);
    COMMANDS.put("unpause", UnpauseCommand.class);
    COMMANDS.put("restart", RestartCommand.class);
    COMMANDS.put("rename", RenameCommand.class);
    COMMANDS.put("update", UpdateCommand.class);
    COMMANDS.put("stats", StatsCommand.class);
    COMMANDS.put("events", EventsCommand.class);
    COMMANDS.put("top", TopCommand.class);
    COMMANDS.put("inspect-container", InspectContainerCommand.class);
    COMMANDS.put("cp", FileCopyCommand.class);
    COMMANDS.put("export", ExportCommand.class);
    COMMANDS.put("diff", DiffCommand.class);
    COMMANDS.put("commit", CommitCommand.class);
    COMMANDS.put("build", BuildCommand.class);
    COMMANDS.put("search", SearchCommand.class);
    COMMANDS.put("network", NetworkCommand.class);
    COMMANDS.put("volume", VolumeCommand.class);
    COMMANDS.put("container", ContainerCommand.class);
    COMMANDS.put("image", ImageCommand.class);
    COMMANDS.put("system", SystemCommand.class);
    COMMANDS.put("info", InfoCommand.class);
    COMMANDS.put("version", VersionCommand.class);
  }

  /** Other words for a command: those that the other engines have below a noun. */
  static final Map<String, List<String>> NOUNS =
      Map.ofEntries(
          Map.entry("container ls", List.of("ps")),
          Map.entry("container list", List.of("ps")),
          Map.entry("container ps", List.of("ps")),
          Map.entry("container inspect", List.of("inspect", "--type=container")),
          Map.entry("image ls", List.of("images")),
          Map.entry("image list", List.of("images")),
          Map.entry("image rm", List.of("rmi")),
          Map.entry("image prune", List.of("prune")),
          Map.entry("image inspect", List.of("inspect", "--type=image")),
          Map.entry("system info", List.of("info")),
          Map.entry("system events", List.of("events")));

  /** The commands that may also stand below their noun. */
  static final Map<String, Set<String>> BELOW =
      Map.of(
          "container",
          Set.of(
              "run", "create", "exec", "attach", "logs", "stop", "rm", "start", "kill", "wait",
              "port", "pause", "unpause", "restart", "rename", "update", "stats", "top", "cp",
              "export", "diff", "commit"),
          "image",
          Set.of(
              "pull", "push", "load", "save", "import", "build", "search", "tag", "untag",
              "history"));

  /** What asks for no more than the titles of the commands. */
  private static final Set<String> ABOUT = Set.of("-h", "--help", "-V", "--version");

  private Cli() {}

  /** Runs one command. */
  public static void main(String[] args) {
    System.exit(execute(args));
  }

  static int execute(String... arguments) {
    String[] plain = withoutNoun(arguments);
    return commandLine(plain).execute(plain);
  }

  /** The same command without a noun before it. */
  static String[] withoutNoun(String... arguments) {
    if (arguments.length < 2) {
      return arguments;
    }
    List<String> other = NOUNS.get(arguments[0] + " " + arguments[1]);
    if (other == null && BELOW.getOrDefault(arguments[0], Set.of()).contains(arguments[1])) {
      other = List.of(arguments[1]);
    }
    if (other == null) {
      return arguments;
    }
    List<String> plain = new ArrayList<>(other);
    plain.addAll(List.of(arguments).subList(2, arguments.length));
    return plain.toArray(String[]::new);
  }

  /**
   * What understands these arguments; without any, all commands. Picocli takes long to look into
   * the class of a command, so it does that for the one that is named, where that is plain.
   */
  static CommandLine commandLine(String... arguments) {
    String first = arguments.length == 0 ? "" : arguments[0];
    boolean about = arguments.length == 1 && ABOUT.contains(first);
    CommandLine commands = new CommandLine(new Cli());
    for (Map.Entry<String, Class<?>> command : COMMANDS.entrySet()) {
      String name = command.getKey();
      if (about || name.equals(first) || !COMMANDS.containsKey(first)) {
        Class<?> type = command.getValue();
        commands.addSubcommand(name, about ? title(type) : type);
      }
    }
    // What follows the image or the container is the program's.
    for (String name : List.of("run", "create", "exec")) {
      CommandLine command = commands.getSubcommands().get(name);
      if (command != null) {
        command.setStopAtPositional(true);
      }
    }
    Handlers handlers = new Handlers();
    return commands
        .setExpandAtFiles(false)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .registerConverter(Platform.class, handlers)
        .setParameterExceptionHandler(handlers)
        .setExecutionExceptionHandler(handlers);
  }

  /** A command that does nothing but stand in the list of them. */
  private static CommandSpec title(Class<?> type) {
    CommandSpec title = CommandSpec.create();
    title.usageMessage().description(type.getAnnotation(Command.class).description());
    return title;
  }

  /** A class, as lambdas would keep picocli's classes from being in an archive of classes. */
  private static final class Handlers
      implements IExecutionExceptionHandler, IParameterExceptionHandler, ITypeConverter<Platform> {
    @Override
    public int handleExecutionException(
        Exception failure, CommandLine command, @Nullable ParseResult result) {
      return report(failure);
    }

    @Override
    public int handleParseException(ParameterException failure, String[] arguments) {
      return misunderstood(failure);
    }

    @Override
    public Platform convert(String text) {
      return Platform.parse(text);
    }
  }

  /** Says what failed, and returns the code for that. */
  static int report(Exception failure) {
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
      return new String[] {"runcible " + number()};
    }

    static String number() {
      String version = RuncibleException.class.getPackage().getImplementationVersion();
      return version == null ? "(not from a jar)" : version;
    }
  }
}
