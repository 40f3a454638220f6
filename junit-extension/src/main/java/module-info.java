/** Containers for JUnit 5 tests, without Docker. */
module io.runcible.junit {
  requires static transitive org.jspecify;
  requires transitive io.runcible;
  requires transitive org.junit.jupiter.api;

  exports io.runcible.junit;

  opens io.runcible.junit to
      org.junit.platform.commons;
}
