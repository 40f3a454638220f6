package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.network.Network;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComposeFileTest {
  private static List<ComposeService> parse(String document) {
    return ComposeFile.parse(
        document,
        Optional.of(Path.of("/project")),
        Map.of("TAG", "7", "EMPTY", "")::get,
        name -> "run-" + name);
  }

  private static ContainerSpec spec(ComposeService service) {
    return service.spec(
        new ContainerPlan.Surroundings() {
          @Override
          public ContainerEngine engine() {
            throw new IllegalStateException();
          }

          @Override
          public Container container(String name) {
            throw new IllegalStateException();
          }

          @Override
          public Network network(String name) {
            return Network.named("run-" + name);
          }
        });
  }

  @Test
  void serviceIsWhatTheFileSays() {
    List<ComposeService> services =
        parse(
            """
            version: "3.8"
            x-common: &common
              restart: "no"
              cap_drop: [ALL]
            services:
              web:
                <<: *common
                image: registry.example/web:${TAG}
                command: serve --port 80
                entrypoint: ["/bin/run", "a b"]
                environment:
                  PRICE: 5$$
                  LEVEL: ${LEVEL:-debug}
                  OTHER: ${EMPTY-kept}
                ports: [8080, "127.0.0.1:0:53/udp"]
                networks:
                  front: {aliases: [www]}
                  back:
                depends_on:
                  db: {condition: service_healthy}
                  cache: {condition: service_started}
                volumes: ["./data:/data:ro", "/abs:/abs"]
                tmpfs: /run
                mem_limit: 64mb
                cpus: 0.5
                user: 22:22
                read_only: true
                expose: [9000]
              db:
                image: db
                healthcheck:
                  test: ["CMD", "true"]
                  interval: 1m30s500ms
                  retries: 5
              cache:
                image: cache
                environment: [A=1, B=x=y]
                volumes: ["kept:/kept:ro", "/own"]
            volumes:
              kept:
              other: {driver: local}
            networks:
              front:
              back: {driver: bridge}
            """);
    assertThat(services).extracting(ComposeService::name).containsExactly("web", "db", "cache");
    ContainerSpec web = spec(services.get(0));
    assertThat(web.image()).hasToString("registry.example/web:7");
    assertThat(web.command()).contains(List.of("serve", "--port", "80"));
    assertThat(web.entrypoint()).contains(List.of("/bin/run", "a b"));
    assertThat(web.environment())
        .containsOnly(
            Map.entry("PRICE", "5$"), Map.entry("LEVEL", "debug"), Map.entry("OTHER", ""));
    assertThat(web.ports().toString()).isEqualTo("[127.0.0.1:0:8080/tcp, 127.0.0.1:0:53/udp]");
    assertThat(web.networks())
        .containsExactly(
            Network.named("run-front").withAlias("web").withAlias("www"),
            Network.named("run-back").withAlias("web"));
    assertThat(web.mounts())
        .extracting(mount -> mount.source().map(Path::toString).orElse("") + mount.isReadOnly())
        .contains("/project/datatrue", "/absfalse", "false");
    assertThat(web.memory()).hasValue(64 << 20);
    assertThat(web.user()).contains("22:22");
    assertThat(web.isReadOnlyRoot()).isTrue();
    assertThat(web.droppedCapabilities()).containsExactly("ALL");
    assertThat(services.get(0).dependsOn()).containsExactly("db", "cache");
    assertThat(services.get(0).ready(web).orElseThrow()).hasToString("a listener on TCP port 8080");
    ContainerSpec db = spec(services.get(1));
    assertThat(db.healthCheck().orElseThrow().interval()).isEqualTo(Duration.ofMillis(90_500));
    assertThat(services.get(1).ready(db).orElseThrow()).hasToString("health");
    ContainerSpec cache = spec(services.get(2));
    assertThat(cache.environment()).containsEntry("B", "x=y");
    assertThat(cache.networks()).containsExactly(Network.named("run-default").withAlias("cache"));
    assertThat(services.get(2).ready(cache)).isEmpty();
    assertThat(cache.mounts())
        .extracting(mount -> mount.name() + " " + mount.destination() + " " + mount.isReadOnly())
        .containsExactly("Optional[run-kept] /kept true", "Optional.empty /own false");
  }

  @Test
  void variableWithoutAValueIsThatOfTheEnvironment() {
    List<ComposeService> services =
        parse(
            """
            services:
              map: {image: i, environment: {TAG: , EMPTY: , UNSET: , OWN: ""}, labels: {TAG: }}
              list: {image: i, environment: [TAG, EMPTY, UNSET, OWN=], labels: [TAG]}
            """);
    for (ComposeService service : services) {
      assertThat(spec(service).environment()).isEqualTo(Map.of("TAG", "7", "EMPTY", "", "OWN", ""));
      assertThat(spec(service).labels()).isEqualTo(Map.of("TAG", ""));
    }
  }

  @Test
  void healthThatAnotherServiceAsksForIsWaitedFor() {
    List<ComposeService> services =
        parse(
            """
            services:
              db: {image: db, ports: [1]}
              web: {image: web, depends_on: {db: {condition: service_healthy}}}
            """);
    assertThat(services.get(0).ready(spec(services.get(0))).orElseThrow()).hasToString("health");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a: {}                                            | 'a'",
        "volumes: {data: {external: true}}                | 'volumes.data.external'",
        "volumes: {data: {driver: nfs}}                   | 'nfs' is not supported, but local",
        "secrets: {s: }                                   | 'secrets'",
        "services: {s: {build: .}}                        | 'services.s.build'",
        "services: {s: {ports: [1]}}                      | no image",
        "services: {s: {image: i, volumes: ['data:/d']}}  | no volume 'data'",
        "services: {s: {image: i, volumes: [data]}}       | 'services.s.volumes[0]'",
        "services: {s: {image: i, ports: [{target: 1}]}}  | 'services.s.ports[0]'",
        "services: {s: {image: i, ports: ['x']}}          | 'services.s.ports'",
        "services: {s: {image: i, command: sh -c 'x'}}    | has to be a list",
        "services: {s: {image: i, networks: [n]}}         | no network 'n'",
        "services: {s: {image: '${NOT_SET}'}}             | variable NOT_SET is not set",
        "services: {s: {image: 'a$'}}                     | write $$",
        "services: {s: {image: i, cpus: much}}            | 'services.s.cpus'",
        "services: {s: {image: i, environment: ['=1']}}   | '=1' is not KEY=value",
        "services: {s: {image: i, image: j}}              | not YAML",
        "services: {s: {image: !!java.net.URL [x]}}       | not YAML",
        "services: {s: {image: i, depends_on: {o: {condition: service_completed_successfully}}}} |"
            + " service_completed_successfully",
        "services: {s: {image: i, healthcheck: {test: x, interval: soon}}} | 'soon' is no time",
        "networks: {n: {driver: overlay}}                 | 'overlay' is not supported",
        "services: [a]                                    | a map is wanted",
        "'text'                                           | a map is wanted"
      })
  void whatIsNotSupportedIsRefusedByName(String document, String message) {
    assertThatThrownBy(() -> parse(document))
        .isInstanceOf(ExtensionConfigurationException.class)
        .hasMessageContaining(message);
  }

  @Test
  void pathsOfATextAreAbsolute() {
    assertThat(parseText("/data/../abs").get(0).name()).isEqualTo("s");
    assertThatThrownBy(() -> parseText("./data"))
        .hasMessageContaining("'services.s.volumes[0]'")
        .hasMessageContaining("relative");
  }

  private static List<ComposeService> parseText(String source) {
    return ComposeFile.parse(
        "services: {s: {image: i, volumes: ['" + source + ":/d']}}",
        Optional.empty(),
        name -> null,
        name -> name);
  }
}
