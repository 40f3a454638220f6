package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostPolicyTest {
  private static final String ACCEPT = "[{\"type\":\"insecureAcceptAnything\"}]";
  private static final String SIGNED = "[{\"type\":\"signedBy\"}]";

  @TempDir Path directory;

  @Test
  void noPolicyAcceptsAnything() {
    new HostPolicy(List.of(directory.resolve("policy.json"))).requireAccepted(image("a"));
  }

  @Test
  void policyThatCannotBeSeenIsNotTakenForNone() throws IOException {
    Path policy = directory.resolve("policy.json");
    Files.createSymbolicLink(policy, policy);
    assertThatThrownBy(() -> new HostPolicy(List.of(policy)).requireAccepted(image("a")))
        .isInstanceOfSatisfying(
            RuncibleException.class,
            e -> assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION))
        .hasMessageContaining("policy.json");
  }

  @Test
  void policyThatAcceptsAnythingAccepts() throws IOException {
    check("{\"default\":" + ACCEPT + "}", "registry.example/a");
  }

  @Test
  void signatureCannotBeChecked() {
    refuses(ErrorKind.UNSUPPORTED, "{\"default\":" + SIGNED + "}", "registry.example/a");
  }

  @ParameterizedTest
  @ValueSource(strings = {"logical.example", "mirror.example", "location.example/there"})
  void rejectedByAnyNameIsDenied(String rejected) throws IOException {
    HostPolicy policy = policy(scoped(rejected, "[{\"type\":\"reject\"}]", ACCEPT));
    List<ImageReference> effective =
        List.of(image("mirror.example/app"), image("location.example/there/app"));
    assertThatThrownBy(() -> policy.requireAccepted(image("logical.example/app"), effective))
        .isInstanceOfSatisfying(
            RuncibleException.class,
            e -> assertThat(e.kind()).isEqualTo(ErrorKind.PERMISSION_DENIED))
        .hasMessageContaining(rejected);
    policy.requireAccepted(image("other.example/app"), List.of(image("other.example/app")));
  }

  @Test
  void rejectedIsDenied() {
    refuses(
        ErrorKind.PERMISSION_DENIED, "{\"default\":[{\"type\":\"reject\"}]}", "registry.example/a");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "registry.example/team/app:1",
        "registry.example/team/app",
        "registry.example/team",
        "registry.example",
        "*.example",
        ""
      })
  void mostSpecificScopeCounts(String scope) throws IOException {
    check(scoped(scope, ACCEPT, SIGNED), "registry.example/team/app:1");
    refuses(ErrorKind.UNSUPPORTED, scoped(scope, SIGNED, ACCEPT), "registry.example/team/app:1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"registry.example/te", "registry.example/team/app:2", "other.example", "*.exam"})
  void otherScopesDoNotCount(String scope) throws IOException {
    check(scoped(scope, SIGNED, ACCEPT), "registry.example/team/app:1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{}",
        "{\"default\":[]}",
        "{\"default\":{}}",
        "{\"default\":[{\"type\":\"insecureAcceptAnything\"}],\"transports\":[]}",
        "{\"default\":[{\"type\":\"insecureAcceptAnything\"}],\"transports\":{\"docker\":[]}}",
        "{\"default\":[{\"type\":\"insecureAcceptAnything\"}],\"default\":[]}",
        "{\"default\":[{\"type\":\"insecureAcceptAnything\"}]} x"
      })
  void policyThatCannotBeUnderstoodAcceptsNothing(String policy) {
    refuses(ErrorKind.FAILED_PRECONDITION, policy, "registry.example/a");
  }

  /** Each of them would reject all images, were it not for one letter. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'default':[A],'transport':{'docker':{'':[R]}}}",
        "{'Default':[R],'default':[A]}",
        "{'default':[A],'transports':{'dokcer':{'':[R]}}}",
        "{'default':[A],'transports':{'Docker':{'':[R]}}}",
        "{'default':[{'type':'insecureAcceptAnything','keypath':'/key'}]}",
        "{'default':[A],'transports':{'docker':{'other.example':[{'type':'reject','x':1}]}}}",
        "{'default':[A],'transports':{'docker':{'other.example':[]}}}",
        "{'default':[A],'transports':{'docker':{'other.example':[{'Type':'reject'}]}}}",
        "{'default':[A],'transports':{'oci':{'':{}}}}",
        "{'default':[A],'transports':{'oci':[R]}}",
        "{'default':['reject']}"
      })
  void unknownMembersMakeThePolicyInvalid(String policy) {
    refuses(ErrorKind.FAILED_PRECONDITION, written(policy), "registry.example/a");
  }

  @Test
  void unknownMemberIsNamed() throws IOException {
    HostPolicy policy = policy(written("{'default':[A],'transport':{}}"));
    assertThatThrownBy(() -> policy.requireAccepted(image("registry.example/a")))
        .hasMessageContaining("unknown member 'transport'");
  }

  @Test
  void otherTransportsAndTheirRequirementsDoNotCount() throws IOException {
    String policy =
        "{'default':[A],'transports':{'docker-daemon':{'':[A]},'atomic':{'a.example/b':[{'type':"
            + "'signedBy','keyType':'GPGKeys','keyPath':'/key'}]},'oci':{'/l':[R]},"
            + "'docker':{'other.example':[{'type':'sigstoreSigned','keyPath':'/key'}]}}}";
    check(written(policy), "registry.example/a");
  }

  private static String written(String policy) {
    return policy
        .replace("A]", "{'type':'insecureAcceptAnything'}]")
        .replace("R]", "{'type':'reject'}]")
        .replace('\'', '"');
  }

  private static String scoped(String scope, String requirements, String otherwise) {
    return "{\"default\":"
        + otherwise
        + ",\"transports\":{\"docker\":{\""
        + scope
        + "\":"
        + requirements
        + "}}}";
  }

  private void refuses(ErrorKind kind, String policy, String reference) {
    assertThatThrownBy(() -> check(policy, reference))
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .hasMessageContaining("policy.json");
  }

  private void check(String policy, String reference) throws IOException {
    policy(policy).requireAccepted(image(reference));
  }

  private HostPolicy policy(String policy) throws IOException {
    Path file = Files.writeString(directory.resolve("policy.json"), policy);
    return new HostPolicy(List.of(directory.resolve("missing"), file));
  }

  private static ImageReference image(String reference) {
    return ImageReference.parse(reference);
  }
}
