/** Containers for JUnit 5 tests, without Docker. */
module io.runcible.junit {
  requires static transitive org.jspecify;
  requires transitive io.runcible;
  requires transitive org.junit.jupiter.api;
  requires static spring.beans;
  requires static spring.context;
  requires static spring.core;
  requires static spring.test;
  requires org.slf4j;
  requires org.yaml.snakeyaml;

  exports io.runcible.junit;
  exports io.runcible.junit.presets;

  opens io.runcible.junit to
      org.junit.platform.commons,
      spring.core;
}
