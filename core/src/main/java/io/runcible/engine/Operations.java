package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.ProgressEvent;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/** Counts what an engine does, and tells Flight Recorder, where there is one. Thread-safe. */
final class Operations {
  /** A runtime image may be without it. */
  private static final boolean FLIGHT_RECORDER = isThere("jdk.jfr.Event");

  private final Map<EngineOperation, LongAdder> completed = new EnumMap<>(EngineOperation.class);
  private final Map<EngineOperation, Map<ErrorKind, LongAdder>> failed =
      new EnumMap<>(EngineOperation.class);
  private final LongAdder pulledBytes = new LongAdder();
  private final AtomicReference<@Nullable FlightEvents> flight = new AtomicReference<>();

  Operations() {
    for (EngineOperation operation : EngineOperation.values()) {
      completed.put(operation, new LongAdder());
      failed.put(operation, new ConcurrentHashMap<>());
    }
  }

  private static boolean isThere(String type) {
    try {
      Class.forName(type, false, Operations.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  /**
   * Does something.
   *
   * @param subject the container or image
   */
  <T> T run(EngineOperation operation, String subject, Supplier<T> work) {
    FlightEvents recorder = flight();
    FlightEvents.@Nullable Operation event =
        recorder == null ? null : recorder.begin(operation, subject);
    ErrorKind failure = ErrorKind.INTERNAL;
    boolean success = false;
    try {
      T result = work.get();
      success = true;
      return result;
    } catch (RuncibleException e) {
      failure = e.kind();
      throw e;
    } finally {
      if (success) {
        completed(operation).increment();
      } else {
        failed(operation).computeIfAbsent(failure, kind -> new LongAdder()).increment();
      }
      if (event != null) {
        event.end(success ? null : failure);
      }
    }
  }

  private LongAdder completed(EngineOperation operation) {
    return completed.computeIfAbsent(operation, unknown -> new LongAdder());
  }

  private Map<ErrorKind, LongAdder> failed(EngineOperation operation) {
    return failed.computeIfAbsent(operation, unknown -> new ConcurrentHashMap<>());
  }

  /** A listener that counts the bytes, too. */
  ProgressListener counting(ProgressListener listener) {
    return event -> {
      if (event instanceof ProgressEvent.Finished finished) {
        pulledBytes.add(finished.size());
      }
      listener.onProgress(event);
    };
  }

  /** Something happened to a container. */
  void tell(EngineEvent event) {
    FlightEvents recorder = flight();
    if (recorder != null) {
      recorder.tell(event);
    }
  }

  /**
   * Null as long as nothing in this JVM has recorded: the first event of each kind costs a new
   * process tens of milliseconds, also where nobody wants it.
   */
  private @Nullable FlightEvents flight() {
    if (!FLIGHT_RECORDER || !FlightRecorder.isInitialized()) {
      return null;
    }
    FlightEvents known = flight.get();
    if (known != null) {
      return known;
    }
    flight.compareAndSet(null, new FlightEvents());
    return flight.get();
  }

  EngineCounts counts() {
    Map<EngineOperation, Long> done = new EnumMap<>(EngineOperation.class);
    completed.forEach((operation, count) -> done.put(operation, count.sum()));
    Map<EngineOperation, Map<ErrorKind, Long>> failures = new EnumMap<>(EngineOperation.class);
    failed.forEach(
        (operation, kinds) -> {
          Map<ErrorKind, Long> counts = new EnumMap<>(ErrorKind.class);
          kinds.forEach((kind, count) -> counts.put(kind, count.sum()));
          if (!counts.isEmpty()) {
            failures.put(operation, Map.copyOf(counts));
          }
        });
    return new EngineCounts(done, failures, pulledBytes.sum());
  }
}
