package io.runcible.benchmarks.testcontainers;

/** One of those that are compared: it starts services, and knows when they are ready. */
interface Side extends AutoCloseable {
  String REDIS = "registry.example/compare:redis";
  String POSTGRES = "registry.example/compare:postgres";

  /** What PostgreSQL says when it is ready. */
  String ACCEPTS = "database system is ready to accept connections";

  /** A service that is ready, until it is closed. */
  interface Service extends AutoCloseable {
    int port();

    @Override
    void close();
  }

  /**
   * Starts a service.
   *
   * @param kind {@code redis}, {@code postgres}, or what else a side has
   */
  Service start(String kind) throws Exception;

  @Override
  void close();

  static Side named(String name) {
    return switch (name) {
      case "runcible" -> new RuncibleSide();
      case "testcontainers" -> new TestcontainersSide();
      case "bare" -> new BareSide();
      default -> throw new IllegalArgumentException(name);
    };
  }
}
