package io.runcible.junit;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What the tests of a run make for themselves, of one kind, by its names. */
abstract class OwnResources {
  final TestRun run;
  private final Set<String> made = ConcurrentHashMap.newKeySet();

  OwnResources(TestRun run) {
    this.run = run;
  }

  abstract void delete(ContainerEngine engine, String name);

  /** The labels of all that there are, by their names. */
  abstract Map<String, Map<String, String>> labels(ContainerEngine engine);

  final void made(String name) {
    made.add(name);
  }

  /** Removes one that was made here, unless a container that goes on has it. */
  final void remove(String name) {
    if (made.contains(name)) {
      remove(run.engine(), name);
    }
  }

  private void remove(ContainerEngine engine, String name) {
    try {
      delete(engine, name);
      made.remove(name);
    } catch (RuncibleException e) {
      // A container that others share, or that is kept, still has it.
      if (e.kind() != ErrorKind.FAILED_PRECONDITION) {
        throw e;
      }
    }
  }

  /** Removes what was left; containers that have it are removed by then, or go with the engine. */
  final void close() {
    for (String name : made) {
      remove(run.engine(), name);
    }
  }

  /** Removes what the runs of killed JVMs have left. */
  final void removeOrphans(ContainerEngine engine) {
    labels(engine)
        .forEach(
            (name, labels) -> {
              if (RunOwner.isGone(labels)) {
                remove(engine, name);
              }
            });
  }
}
