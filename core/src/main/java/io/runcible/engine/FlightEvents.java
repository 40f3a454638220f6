package io.runcible.engine;

import io.runcible.ErrorKind;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/**
 * The events of Flight Recorder: one for each {@link EngineOperation}, which lasts as long as that,
 * and for each pair of {@link EngineEvent}s one that lasts from the first to the second. No class
 * but {@link Operations} names this one, since there may be no Flight Recorder. What is not
 * recorded costs the question whether it is.
 */
final class FlightEvents {
  /** What lasts, by the container and what else tells it from others of that. */
  private final Map<String, Lasting> lasting = new ConcurrentHashMap<>();

  /** Begins an operation; null if it is not recorded. */
  @Nullable Operation begin(EngineOperation operation, String subject) {
    Operation event = event(operation);
    if (!event.isEnabled()) {
      return null;
    }
    event.subject = subject;
    event.begin();
    return event;
  }

  private static Operation event(EngineOperation operation) {
    return switch (operation) {
      case PULL -> new Pull();
      case UNPACK -> new Unpack();
      case CREATE -> new Create();
      case START -> new Start();
      case EXEC -> new Exec();
      case STOP -> new Stop();
      case REMOVE -> new Remove();
    };
  }

  void tell(EngineEvent event) {
    String id = event.container();
    if (event instanceof EngineEvent.Started) {
      begin(id + " run", id, Run::new);
    } else if (event instanceof EngineEvent.Ended ended) {
      end(id + " run", ended.status().map(ExitStatus::code).orElse(-1));
      end(id + " pause", 0);
    } else if (event instanceof EngineEvent.ExecStarted started) {
      begin(id + " exec " + started.exec(), id, Execution::new);
    } else if (event instanceof EngineEvent.ExecEnded ended) {
      end(id + " exec " + ended.exec(), ended.status().map(ExitStatus::code).orElse(-1));
    } else if (event instanceof EngineEvent.Paused) {
      begin(id + " pause", id, Pause::new);
    } else if (event instanceof EngineEvent.Resumed) {
      end(id + " pause", 0);
    } else if (event instanceof EngineEvent.OutOfMemory) {
      begin(id + " memory", id, OutOfMemory::new);
      end(id + " memory", 0);
    }
  }

  private void begin(String key, String container, Supplier<Lasting> type) {
    Lasting event = type.get();
    if (event.isEnabled()) {
      event.container = container;
      event.begin();
      lasting.put(key, event);
    }
  }

  private void end(String key, int code) {
    Lasting event = lasting.isEmpty() ? null : lasting.remove(key);
    if (event != null) {
      event.end(code);
    }
  }

  /** How many there are that have not ended. */
  int lasting() {
    return lasting.size();
  }

  /** Something that an engine does. */
  @Category("Runcible")
  @StackTrace(false)
  abstract static class Operation extends Event {
    @Label("Container or Image")
    String subject = "";

    @Label("Kind of the Failure")
    @Nullable String failure;

    /** Records it. */
    void end(@Nullable ErrorKind kind) {
      failure = kind == null ? null : kind.name();
      commit();
    }
  }

  @Name("io.runcible.Pull")
  @Label("Image Pull")
  static final class Pull extends Operation {}

  @Name("io.runcible.Unpack")
  @Label("Image Unpack")
  static final class Unpack extends Operation {}

  @Name("io.runcible.Create")
  @Label("Container Create")
  static final class Create extends Operation {}

  @Name("io.runcible.Start")
  @Label("Container Start")
  static final class Start extends Operation {}

  @Name("io.runcible.Exec")
  @Label("Exec Start")
  static final class Exec extends Operation {}

  @Name("io.runcible.Stop")
  @Label("Container Stop")
  static final class Stop extends Operation {}

  @Name("io.runcible.Remove")
  @Label("Container Remove")
  static final class Remove extends Operation {}

  /** Something that goes on in a container. */
  @Category("Runcible")
  @StackTrace(false)
  abstract static class Lasting extends Event {
    @Label("Container")
    String container = "";

    @Label("Exit Code")
    int code;

    void end(int code) {
      this.code = code;
      commit();
    }
  }

  @Name("io.runcible.ContainerRun")
  @Label("Container Run")
  static final class Run extends Lasting {}

  @Name("io.runcible.ExecRun")
  @Label("Exec Run")
  static final class Execution extends Lasting {}

  @Name("io.runcible.ContainerPause")
  @Label("Container Pause")
  static final class Pause extends Lasting {}

  @Name("io.runcible.OutOfMemory")
  @Label("Container out of Memory")
  static final class OutOfMemory extends Lasting {}
}
