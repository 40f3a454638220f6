package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.runcible.ErrorKind;
import io.runcible.metrics.ContainerEngineMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What Flight Recorder and Micrometer see of an engine. */
class MetricsIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final List<String> EVENTS =
      List.of(
          "Pull",
          "Unpack",
          "Create",
          "Start",
          "Exec",
          "Stop",
          "Remove",
          "ContainerRun",
          "ExecRun",
          "ContainerPause",
          "OutOfMemory");

  /** Begun before the first test, which would find its threads otherwise. */
  private static final Recording RECORDING = new Recording();

  @BeforeAll
  static void record() {
    FlightRecorder.getFlightRecorder();
    EVENTS.forEach(name -> RECORDING.enable("io.runcible." + name).withoutThreshold());
    RECORDING.start();
  }

  @AfterAll
  static void endRecording() {
    RECORDING.close();
  }

  /** Ends the recording, whose file must not be another one after a test. */
  private static List<RecordedEvent> recorded(Path directory) throws IOException {
    Path file = directory.resolve("events.jfr");
    RECORDING.stop();
    RECORDING.dump(file);
    RECORDING.close();
    return RecordingFile.readAllEvents(file);
  }

  private static boolean isOf(String subject, RecordedEvent event) {
    return List.of("subject", "container").stream()
        .anyMatch(field -> event.hasField(field) && subject.equals(event.getString(field)));
  }

  private static String name(RecordedEvent event) {
    return event.getEventType().getName().replace("io.runcible.", "");
  }

  @Test
  void flightRecorderHasAnEventForEachPair(@TempDir Path directory) throws Exception {
    String image = ENGINE.reference("busybox");
    ENGINE.get().images().pull(image);
    Container container =
        ENGINE.get().run(ENGINE.sh("sleep 600").name("recorded").pids(64).build());
    container.pause();
    container.resume();
    container.exec("sh", "-c", "exit 3").waitFor();
    RunIT.assertFails(() -> container.exec("/none"), ErrorKind.NOT_FOUND, "none");
    container.stop(Duration.ZERO);
    container.close();
    List<RecordedEvent> all = recorded(directory);
    List<RecordedEvent> events = all.stream().filter(event -> isOf("recorded", event)).toList();
    assertThat(events.stream().map(MetricsIT::name))
        .containsExactlyInAnyOrder(
            "Start", "ContainerPause", "Exec", "Exec", "ExecRun", "Stop", "ContainerRun", "Remove");
    for (RecordedEvent event : events) {
      switch (name(event)) {
        case "ContainerRun" -> assertThat(event.getInt("code")).isEqualTo(137);
        case "ExecRun" -> assertThat(event.getInt("code")).isEqualTo(3);
        default -> assertThat(event.getDuration()).isPositive();
      }
    }
    assertThat(
            events.stream()
                .filter(event -> event.hasField("failure") && event.getString("failure") != null)
                .map(event -> name(event) + " " + event.getString("failure")))
        .containsExactly("Exec NOT_FOUND");
    assertThat(all.stream().filter(event -> isOf(image, event)).map(MetricsIT::name))
        .contains("Pull", "Create");
  }

  private static Set<String> measured(MeterRegistry registry, String name) {
    return registry.find(name).gauges().stream()
        .map(gauge -> gauge.getId().getTag("container"))
        .collect(Collectors.toSet());
  }

  private static double running(MeterRegistry registry) {
    return registry.get("runcible.containers").tag("state", "running").gauge().value();
  }

  @Test
  void micrometerHasTheContainersAndWhatWasDone() {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    new ContainerEngineMetrics(ENGINE.get(), 2, Duration.ZERO).bindTo(registry);
    RunIT.assertFails(
        () -> new ContainerEngineMetrics(ENGINE.get(), -1, Duration.ZERO),
        ErrorKind.INVALID_INPUT,
        "-1 containers");
    assertThat(running(registry)).isZero();
    try (Container one = ENGINE.get().run(ENGINE.sh("sleep 600").name("a").build());
        Container two = ENGINE.get().run(ENGINE.sh("sleep 600").name("b").build())) {
      assertThat(running(registry)).isEqualTo(2);
      assertThat(List.of(one.state(), two.state())).containsOnly(ContainerState.RUNNING);
      assertThat(measured(registry, "runcible.container.memory"))
          .containsExactlyInAnyOrder("a", "b");
      try (Container three = ENGINE.get().run(ENGINE.sh("sleep 600").name("c").build());
          Container four = ENGINE.get().run(ENGINE.sh("sleep 600").name("d").build())) {
        assertThat(running(registry)).isEqualTo(4);
        assertThat(List.of(three.state(), four.state())).containsOnly(ContainerState.RUNNING);
        for (String meter : List.of("memory", "cpu", "processes")) {
          assertThat(measured(registry, "runcible.container." + meter))
              .hasSize(3)
              .contains("(others)");
        }
        assertThat(
                registry
                    .get("runcible.container.processes")
                    .tag("container", "(others)")
                    .gauge()
                    .value())
            .isEqualTo(2);
        assertThat(
                registry.get("runcible.container.memory").gauges().stream()
                    .allMatch(gauge -> gauge.value() > 0))
            .isTrue();
      }
      assertThat(running(registry)).isEqualTo(2);
      RunIT.assertFails(() -> one.exec("/none"), ErrorKind.NOT_FOUND, "none");
    }
    assertThat(running(registry)).isZero();
    assertThat(measured(registry, "runcible.container.memory")).isEmpty();
    assertThat(
            registry.get("runcible.operations").tag("operation", "start").functionCounter().count())
        .isEqualTo(4);
    assertThat(
            registry
                .get("runcible.failures")
                .tags("operation", "exec", "kind", "not_found")
                .functionCounter()
                .count())
        .isEqualTo(1);
    assertThat(registry.getMeters().stream().map(Meter::getId).map(Meter.Id::getName).distinct())
        .allMatch(name -> name.startsWith("runcible."));
    ENGINE.get().close();
    assertThat(running(registry)).isZero();
    assertThat(ENGINE.get().counts().completed()).containsEntry(EngineOperation.CREATE, 4L);
  }
}
