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

  /** The worker had done its work before it could be held up. */
  private static final String LATE = "late";

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
      String pull = interrupted(() -> images.pull(args[1]));
      while (pull.equals(LATE)) {
        images.remove(args[1]);
        images.prune(PruneRules.unused());
        pull = interrupted(() -> images.pull(args[1]));
      }
      say("pull " + pull);
      say("names " + images.list().size());
      images.prune();
      say("left " + TestRoot.leftIn(data, 1));
      images.pull(args[1]);
      String check = interrupted(() -> images.check(true));
      while (check.equals(LATE)) {
        check = interrupted(() -> images.check(true));
      }
      say("check " + check);
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
    while (workers().isEmpty() && thread.isAlive() && System.currentTimeMillis() < end) {
      Thread.sleep(1);
    }
    // Otherwise it may have done its work before the interrupt.
    boolean held = false;
    for (long worker : workers()) {
      new ProcessBuilder("kill", "-STOP", "" + worker).start().waitFor();
      held = HostResources.read(Path.of("/proc/" + worker + "/status")).contains("\nState:\tT");
    }
    thread.interrupt();
    String told = task.get();
    return !held && told.equals("done") ? LATE : told + " " + workers().size();
  }

  private static List<Long> workers() {
    return ProcessHandle.current()
        .children()
        .map(ProcessHandle::pid)
        .filter(child -> HostResources.commandLine(child).contains("RootlessUnpack"))
        .toList();
  }

  private static void say(String line) {
    System.out.println(line);
  }
}
