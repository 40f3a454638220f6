package io.runcible.engine;

import io.runcible.RuncibleException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.FutureTask;

/**
 * Interrupts an ordinary user's work on layers while the second JVM is at it: the main class of a
 * JVM, which says on its output what came of that.
 */
final class RootlessInterruptProgram {
  private static final long LIMIT_MILLIS = Rounds.patience(60).toMillis();

  private RootlessInterruptProgram() {}

  /** The root of the directories, and an image. */
  public static void main(String[] args) throws Exception {
    Path data = Path.of(args[0]).resolve("data");
    try (ContainerEngine engine =
        TestRoot.builder()
            .dataRoot(data)
            .stateRoot(Path.of(args[0]).resolve("state"))
            .policy(new HostPolicy(List.of()))
            .build()) {
      Images images = engine.images();
      say("pull " + interrupted(() -> images.pull(args[1])));
      say("names " + images.list().size());
      images.prune();
      say("left " + TestRoot.leftIn(data, 1));
      images.pull(args[1]);
      say("check " + interrupted(() -> images.check(true)));
      say("problems " + images.check(true).problems());
      images.remove(args[1]);
      images.prune(PruneRules.unused());
      say("left " + TestRoot.leftIn(data, 1));
    }
  }

  /** The kind of its failure, whether the flag is still set, and what runs on. */
  private static String interrupted(Runnable work) throws Exception {
    FutureTask<String> task =
        new FutureTask<>(
            () -> {
              try {
                work.run();
                return "done";
              } catch (RuncibleException e) {
                return e.kind() + " " + Thread.currentThread().isInterrupted();
              }
            });
    Thread thread = new Thread(task);
    thread.start();
    long end = System.currentTimeMillis() + LIMIT_MILLIS;
    while (workers() == 0 && thread.isAlive() && System.currentTimeMillis() < end) {
      Thread.sleep(1);
    }
    thread.interrupt();
    return task.get() + " " + workers();
  }

  private static long workers() {
    return ProcessHandle.current()
        .children()
        .filter(child -> HostResources.commandLine(child.pid()).contains("RootlessUnpack"))
        .count();
  }

  private static void say(String line) {
    System.out.println(line);
  }
}
