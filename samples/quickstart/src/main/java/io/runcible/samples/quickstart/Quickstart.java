package io.runcible.samples.quickstart;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.ExitStatus;
import io.runcible.image.Image;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Pulls an image over HTTP, unpacks it and runs it through runc.
 *
 * <p>Without arguments it needs no network: it makes an image of the host's own shell, serves it
 * from this process on the loopback device and pulls it from there. With arguments, {@code IMAGE
 * [COMMAND…]}, it does the same with any image. Exits with the exit code of the container, or with
 * 125 and one line on the error output if it could not be run.
 */
public final class Quickstart {
  private static final int CANNOT_RUN = 125;

  private Quickstart() {}

  /** Runs the quickstart. */
  public static void main(String[] args) {
    System.exit(run(args));
  }

  private static int run(String[] args) {
    try {
      if (args.length > 0) {
        return pullAndRun(args[0], false, Arrays.copyOfRange(args, 1, args.length));
      }
      try (ShellImage shell = ShellImage.serve()) {
        return pullAndRun(shell.reference(), true);
      }
    } catch (RuncibleException | IOException e) {
      System.err.println("quickstart: " + e.getMessage());
      return CANNOT_RUN;
    }
  }

  private static int pullAndRun(String reference, boolean forget, String... command)
      throws IOException {
    Steps steps = new Steps();
    try (ContainerEngine engine = ContainerEngine.create()) {
      steps.done("opened the engine");
      Image image = pull(engine, reference);
      steps.done("pulled and unpacked " + image.layers().size() + " layers");
      ContainerSpec.Builder spec = ContainerSpec.builder(reference);
      if (command.length > 0) {
        spec.command(command);
      }
      ExitStatus status;
      try (Container container = engine.run(spec.build())) {
        try (InputStream output = container.process().stdout()) {
          output.transferTo(System.out);
        }
        status = container.waitFor();
        try (InputStream errors = container.logs().stderr()) {
          errors.transferTo(System.err);
        }
      }
      steps.done("ran and removed the container, exit code " + status.code());
      if (forget) {
        forget(engine, reference);
      }
      return status.code();
    }
  }

  /** Removes the image, unless another program is at work on the store: its next pruning does. */
  private static void forget(ContainerEngine engine, String reference) {
    engine.images().remove(reference);
    try {
      engine.images().prune();
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.UNAVAILABLE) {
        throw e;
      }
    }
  }

  private static Image pull(ContainerEngine engine, String reference) {
    try (ProgressBar bar = new ProgressBar()) {
      return engine.images().pull(reference, bar);
    }
  }
}
