package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResourcesTest {
  private static void assertInvalid(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            RuncibleException.class,
            failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
  }

  @Test
  void limitsAreThoseOfTheSpecification() {
    Resources resources =
        Resources.builder()
            .memory(10)
            .memoryReservation(5)
            .cpus("0-3,6")
            .memoryNodes("0")
            .ioWeight(500)
            .ioLimit(new IoLimit(IoLimit.Kind.READ_BYTES, 8, 16, 1024))
            .ioLimit(new IoLimit(IoLimit.Kind.READ_BYTES, 8, 0, 7))
            .ioLimit(new IoLimit(IoLimit.Kind.WRITE_OPERATIONS, 8, 0, 9))
            .hugePages("2MB", 4 << 20)
            .build();

    assertThat(resources.toJson())
        .isEqualTo(
            """
            {"memory":{"limit":10,"reservation":5},"cpu":{"cpus":"0-3,6","mems":"0"},\
            "blockIO":{"weight":500,"throttleReadBpsDevice":[\
            {"major":8,"minor":16,"rate":1024},{"major":8,"minor":0,"rate":7}],\
            "throttleWriteIOPSDevice":[{"major":8,"minor":0,"rate":9}]},\
            "hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}\
            """);
    assertThat(resources.isEmpty()).isFalse();
    assertThat(resources.toBuilder().build().toJson()).isEqualTo(resources.toJson());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ",", "1,", "-1", "1-", "a", "0-1-2", "0 1", "0\n"})
  void listOfProcessorsIsChecked(String list) {
    assertInvalid(() -> Resources.builder().cpus(list).build());
    assertInvalid(() -> Resources.builder().memoryNodes(list).build());
  }

  @Test
  void numbersAreChecked() {
    assertInvalid(() -> Resources.builder().ioWeight(9).build());
    assertInvalid(() -> Resources.builder().ioWeight(1001).build());
    assertInvalid(() -> Resources.builder().memoryReservation(0).build());
    assertInvalid(() -> Resources.builder().hugePages("2mb", 1).build());
    assertInvalid(() -> Resources.builder().hugePages("2MB", -1).build());
    assertInvalid(() -> new IoLimit(IoLimit.Kind.READ_BYTES, 8, -1, 1));
    assertInvalid(() -> new IoLimit(IoLimit.Kind.READ_BYTES, 8, 0, 0));
  }

  @Test
  void devicesAndHooksAreThoseOfTheSpecification() throws IOException {
    RuntimeSpec spec =
        RuntimeSpec.builder(Path.of("/rootfs"), ProcessSpec.builder(List.of("true")).build())
            .confineDevices(true)
            .device(new DeviceNode("/dev/fuse", false, 10, 229, 0666, 1, 2, "rw"))
            .hook(Hook.of(Hook.Stage.POSTSTOP, "/bin/a", "b"))
            .hook(
                new Hook(
                    Hook.Stage.POSTSTOP,
                    "/bin/c",
                    List.of(),
                    Map.of("A", "1"),
                    Duration.ofSeconds(3)))
            .rootPropagation("rslave")
            .build();
    for (RuntimeSpec one : List.of(spec, spec.toBuilder().build())) {
      JsonNode json = new ObjectMapper().readTree(one.toJson());
      assertThat(json.at("/linux/devices").toString())
          .isEqualTo(
              """
              [{"path":"/dev/fuse","type":"c","major":10,"minor":229,"fileMode":438,"uid":1,\
              "gid":2}]\
              """);
      assertThat(json.at("/linux/resources/devices").toString())
          .isEqualTo(
              """
              [{"allow":false,"access":"rwm"},\
              {"allow":true,"type":"c","major":10,"minor":229,"access":"rw"}]\
              """);
      assertThat(json.at("/hooks").toString())
          .isEqualTo(
              """
              {"poststop":[{"path":"/bin/a","args":["/bin/a","b"],"env":[]},\
              {"path":"/bin/c","args":["/bin/c"],"env":["A=1"],"timeout":3}]}\
              """);
      assertThat(json.at("/linux/rootfsPropagation").asText()).isEqualTo("rslave");
    }
    assertInvalid(() -> new DeviceNode("x", false, 1, 1, 0666, 0, 0, "r"));
    assertInvalid(() -> new DeviceNode("/x", false, 1, 1, 0666, 0, 0, ""));
    assertInvalid(() -> new DeviceNode("/x", false, -1, 1, 0666, 0, 0, "r"));
    assertInvalid(
        () -> new Hook(Hook.Stage.POSTSTOP, "/x", List.of(), Map.of(), Duration.ofMillis(500)));
  }
}
