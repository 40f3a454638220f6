package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.runtime.Capability;
import io.runcible.runtime.ProcessSpec;
import io.runcible.runtime.RuntimeSpec;
import io.runcible.runtime.SeccompProfile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CompiledSeccompIT {
  private final EngineTasks tasks = new EngineTasks(Thread::new, new Operations());
  private final CompiledSeccomp seccomp = new CompiledSeccomp(tasks);

  @BeforeEach
  void requireLibrary() {
    HostTools.require(
        SeccompProfile.standard().program(Set.of()).length > 0, "libseccomp.so.2 is missing");
  }

  @AfterEach
  void close() {
    tasks.close();
  }

  private static RuntimeSpec.Builder spec(SeccompProfile profile, Capability... granted) {
    ProcessSpec process =
        ProcessSpec.builder(List.of("true")).capabilities(Set.of(granted)).build();
    return RuntimeSpec.builder(Path.of("/root"), process).seccomp(profile);
  }

  private Optional<String> added(RuntimeSpec.Builder spec) {
    return Optional.ofNullable(
        seccomp.addTo(spec.build()).annotations().get(CompiledSeccomp.ANNOTATION));
  }

  private byte[] awaitAdded(RuntimeSpec.Builder spec) throws InterruptedException {
    long deadline = System.nanoTime() + Rounds.patience(60).toNanos();
    Optional<String> added = added(spec);
    while (added.isEmpty()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(5);
      added = added(spec);
    }
    return Base64.getDecoder().decode(added.get());
  }

  @Test
  void instructionsAreThoseOfTheProfileAndTheCapabilities() throws InterruptedException {
    SeccompProfile profile = SeccompProfile.standard();
    assertThat(added(spec(profile))).isEmpty();

    assertThat(awaitAdded(spec(profile))).isEqualTo(profile.program(Set.of()));
    assertThat(added(spec(profile, Capability.SYS_ADMIN))).isEmpty();
    assertThat(awaitAdded(spec(profile, Capability.SYS_ADMIN)))
        .isEqualTo(profile.program(Set.of(Capability.SYS_ADMIN)))
        .isNotEqualTo(awaitAdded(spec(profile)));
  }

  @Test
  void profileStaysBesideThem() throws InterruptedException {
    RuntimeSpec.Builder spec = spec(SeccompProfile.untrusted());
    awaitAdded(spec);

    assertThat(seccomp.addTo(spec.build()).seccomp()).isSameAs(SeccompProfile.untrusted());
  }

  @Test
  void whatTheCallerChoseStays() throws InterruptedException {
    awaitAdded(spec(SeccompProfile.standard()));
    RuntimeSpec own =
        spec(SeccompProfile.standard()).annotation(CompiledSeccomp.ANNOTATION, "AAAA").build();

    assertThat(seccomp.addTo(own)).isSameAs(own);
  }

  @Test
  void whatIsNotCompiledIsLeftToTheRuntime() throws InterruptedException {
    String other = "{\"defaultAction\": \"SCMP_ACT_LOG\"}";
    for (SeccompProfile profile :
        List.of(
            SeccompProfile.unconfined(),
            SeccompProfile.of(other.getBytes(StandardCharsets.UTF_8)))) {
      assertThat(added(spec(profile))).isEmpty();
      assertThat(added(spec(profile))).isEmpty();
    }
    // In their turn before this one.
    awaitAdded(spec(SeccompProfile.standard()));
    assertThat(added(spec(SeccompProfile.of(other.getBytes(StandardCharsets.UTF_8))))).isEmpty();
  }
}
