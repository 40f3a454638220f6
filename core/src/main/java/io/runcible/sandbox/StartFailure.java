package io.runcible.sandbox;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.List;

/** Why a program did not start, in the words of the kernel. */
final class StartFailure {
  private static final long ENOENT = 2;
  private static final long E2BIG = 7;
  private static final long ENOEXEC = 8;
  private static final long ENOMEM = 12;
  private static final long EACCES = 13;
  private static final long EEXIST = 17;
  private static final long ENOTDIR = 20;
  private static final long ENOSPC = 28;

  private StartFailure() {}

  static RuncibleException of(
      String sandbox, RunScripts.Stage stage, SandboxRequest request, List<Long> errors) {
    return switch (stage) {
      case PROTECT ->
          new RuncibleException(
              ErrorKind.UNAVAILABLE,
              "the first process of "
                  + sandbox
                  + " cannot be kept from the program: "
                  + name(errors.get(0)));
      case FILES -> files(sandbox, errors.get(0));
      case INPUT ->
          new RuncibleException(
              ErrorKind.INVALID_INPUT,
              "the input does not fit into the memory of " + sandbox + ": " + name(errors.get(0)));
      case FORK ->
          new RuncibleException(ErrorKind.UNAVAILABLE, "there can be no process in " + sandbox);
      case EXECUTE -> execute(sandbox, request.command().get(0), errors);
    };
  }

  private static RuncibleException files(String sandbox, long error) {
    // A write that ends early returns what it wrote, as a negative number here.
    String why = error <= 0 ? name(ENOSPC) : name(error);
    return new RuncibleException(
        ErrorKind.INVALID_INPUT,
        "the files cannot be put into the working directory of " + sandbox + ": " + why);
  }

  private static RuncibleException execute(String sandbox, String program, List<Long> errors) {
    boolean missing = errors.stream().allMatch(e -> e == ENOENT || e == ENOTDIR);
    long error =
        errors.stream().filter(e -> e != ENOENT && e != ENOTDIR).findFirst().orElse(ENOENT);
    ErrorKind kind =
        missing
            ? ErrorKind.NOT_FOUND
            : error == EACCES ? ErrorKind.PERMISSION_DENIED : ErrorKind.INVALID_INPUT;
    return new RuncibleException(
        kind, "'" + program + "' cannot be started in " + sandbox + ": " + name(error));
  }

  private static String name(long error) {
    if (error == ENOENT) {
      return "no such file";
    }
    if (error == E2BIG) {
      return "the command and the environment are too long";
    }
    if (error == ENOEXEC) {
      return "it is no program for this processor";
    }
    if (error == ENOMEM) {
      return "out of memory";
    }
    if (error == EACCES) {
      return "permission denied";
    }
    if (error == EEXIST) {
      return "a file is there already";
    }
    if (error == ENOTDIR) {
      return "a directory of that path is a file";
    }
    return error == ENOSPC ? "no space left" : "error " + error;
  }
}
