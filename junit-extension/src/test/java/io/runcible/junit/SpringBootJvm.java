package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.junit.presets.Redis;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Configuration;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisClientConfig;

/** Run in a JVM of its own, on whatever version of Spring Boot. */
@SpringBootTest(classes = SpringBootJvm.Application.class)
@SpringBootJvm.WithMessages
class SpringBootJvm {
  /** An annotation of a project's own. */
  @Retention(RetentionPolicy.RUNTIME)
  @RunContainer(
      name = "messages",
      image = "${images}/rabbitmq:busybox",
      command = {"sleep", "600"},
      environment = {"RABBITMQ_DEFAULT_USER=u", "RABBITMQ_DEFAULT_PASS=p"},
      ports = "5672",
      ready = "exec:true",
      scope = RunContainer.Scope.RUN)
  @interface WithMessages {}

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  static class Application {}

  @RunContainer(
      image = "${images}/postgres:postgres",
      environment = {"POSTGRES_USER=postgres", "POSTGRES_PASSWORD=secret"},
      ports = "5432",
      ready = "exec:pg_isready -q -h 127.0.0.1")
  static Container db;

  @RegisterExtension
  static final Redis REDIS = Redis.of(System.getProperty("images") + "/test:redis");

  @RunContainer(
      image = "${images}/mongo:busybox",
      command = {"sleep", "600"},
      environment = {"MONGO_INITDB_ROOT_USERNAME=a b", "MONGO_INITDB_ROOT_PASSWORD=p@ss"},
      ports = "27017",
      ready = "exec:true")
  static Container documents;

  @RunContainer(
      image = "${images}/kafka:busybox",
      command = {"sleep", "600"},
      ports = "9092",
      ready = "exec:true")
  static Container events;

  @NamedContainer("messages")
  static Container messages;

  @RunContainer(
      image = "${images}/other:busybox",
      command = {"sleep", "600"})
  static Container other;

  @Autowired ApplicationContext context;

  private Object bean(String name) {
    return context.getBean("runcible." + name);
  }

  private static Object ask(Object details, String method) throws ReflectiveOperationException {
    return details.getClass().getMethod(method).invoke(details);
  }

  @Test
  void dataSourceIsTheContainer(@Autowired DataSource source) throws Exception {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("select 6 * 7")) {
      assertThat(result.next()).isTrue();
      assertThat(result.getInt(1)).isEqualTo(42);
      assertThat(connection.getMetaData().getURL())
          .isEqualTo("jdbc:postgresql://127.0.0.1:" + db.hostPort(5432) + "/postgres");
    }
    assertThat(ask(bean("db"), "getPassword")).isEqualTo("secret");
    assertThat(ask(bean("db"), "getDriverClassName")).isEqualTo("org.postgresql.Driver");
    assertThat(bean("db").toString()).isEqualTo("JDBC connection").doesNotContain("secret");
  }

  @Test
  void redisIsWhereItsDetailsSay() throws Exception {
    Object redis = ask(bean("REDIS"), "getStandalone");
    JedisClientConfig config =
        DefaultJedisClientConfig.builder()
            .user((String) ask(bean("REDIS"), "getUsername"))
            .password((String) ask(bean("REDIS"), "getPassword"))
            .database((Integer) ask(redis, "getDatabase"))
            .build();
    try (Jedis client =
        new Jedis((String) ask(redis, "getHost"), (Integer) ask(redis, "getPort"), config)) {
      client.set("key", "value");
    }
    try (Jedis client = new Jedis(REDIS.url())) {
      assertThat(client.get("key")).isEqualTo("value");
    }
  }

  @Test
  void otherServicesHaveTheirDetails() throws Exception {
    assertThat(ask(bean("documents"), "getConnectionString"))
        .hasToString(
            "mongodb://a%20b:p%40ss@127.0.0.1:"
                + documents.hostPort(27017)
                + "/test?authSource=admin");
    String kafka = "127.0.0.1:" + events.hostPort(9092);
    assertThat(ask(bean("events"), "getBootstrapServers")).isEqualTo(List.of(kafka));
    Object consumer = ask(bean("events"), "getConsumer");
    assertThat(consumer.getClass().getMethod("getBootstrapServers"))
        .satisfies(method -> method.setAccessible(true))
        .satisfies(method -> assertThat(method.invoke(consumer)).isEqualTo(List.of(kafka)));
    assertThat(ask(bean("messages"), "getUsername")).isEqualTo("u");
    assertThat(ask(bean("messages"), "getFirstAddress"))
        .hasToString("Address[host=127.0.0.1, port=" + messages.hostPort(5672) + "]");
    assertThat(context.containsBean("runcible.other")).isFalse();
  }

  @Nested
  class Inner {
    @Test
    void sharesTheContext(@Autowired ApplicationContext inner) {
      assertThat(inner).isSameAs(context);
    }
  }

  @Test
  void nothingOfTestcontainersIsThere() {
    assertThat(getClass().getClassLoader().getResource("org/testcontainers")).isNull();
    assertThat(System.getProperty("java.class.path")).doesNotContain("testcontainers");
  }
}
