package io.runcible.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.runcible.HostTools;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import okhttp3.tls.HeldCertificate;
import org.jspecify.annotations.Nullable;

/** Debian's docker-registry on a loopback port of its own choice, with its data in a directory. */
public final class DockerRegistry implements AutoCloseable {
  /** The one who may log in, where that is asked for. */
  public static final String USER = "joe";

  /** The password of {@link #USER}. */
  public static final String PASSWORD = "correct horse";

  private static final String HTPASSWD =
      USER + ":$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e\n";
  private static final Pattern LISTENING = Pattern.compile("listening on (127\\.0\\.0\\.1:\\d+)");

  /** Made once, as it takes longer than all the rest. */
  private static final HeldCertificate CERTIFICATE =
      new HeldCertificate.Builder()
          .rsa2048()
          .certificateAuthority(0)
          .addSubjectAlternativeName("127.0.0.1")
          .build();

  /** Of one who is let in; made once for the same reason, when it is asked for. */
  private static final class Client {
    static final HeldCertificate CERTIFICATE =
        new HeldCertificate.Builder()
            .rsa2048()
            .commonName("tests")
            .signedBy(DockerRegistry.CERTIFICATE)
            .build();
  }

  /** How one gets in. */
  public enum Entrance {
    /** Plain HTTP for anybody. */
    OPEN,
    /** Plain HTTP with a password. */
    PASSWORD,
    /** Plain HTTP with tokens of a token server, which wants the password. */
    TOKEN,
    /** HTTPS for anybody, with a certificate of its own. */
    HTTPS,
    /** HTTPS with a password for who has a certificate; all of that is in a certs.d directory. */
    CERTIFICATE
  }

  private final Path directory;
  private final Entrance entrance;
  private final @Nullable HttpServer tokenServer;
  private final Process process;
  private final String name;

  private DockerRegistry(Path directory, Entrance entrance) throws IOException {
    Path program = HostTools.requireProgram("docker-registry", "docker-registry");
    this.directory = directory;
    this.entrance = entrance;
    this.tokenServer = entrance == Entrance.TOKEN ? startTokenServer() : null;
    Files.writeString(directory.resolve("certificate.pem"), CERTIFICATE.certificatePem());
    Path config = Files.writeString(directory.resolve("config.yml"), config());
    this.process =
        new ProcessBuilder(program.toString(), "serve", config.toString())
            .redirectErrorStream(true)
            .start();
    this.name = awaitAddress();
    if (entrance == Entrance.CERTIFICATE) {
      writeCertificates();
    }
  }

  /** Starts one; the directory is empty. */
  public static DockerRegistry start(Path directory, Entrance entrance) throws IOException {
    return new DockerRegistry(directory, entrance);
  }

  /** The name of the registry in references. */
  public String name() {
    return name;
  }

  /** What it stores. */
  Path data() {
    return directory.resolve("data");
  }

  /**
   * Makes it forget everything: it keeps nothing elsewhere. It may be writing yet, for a client
   * that has gone, so what it has is moved out of its sight first.
   */
  void empty() throws IOException {
    if (Files.exists(data())) {
      Path old = Files.move(data(), directory.resolve("old"));
      try (Stream<Path> files = Files.walk(old)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  /** A client that may do everything. */
  public RegistryClient.Builder client() {
    RegistryClient.Builder client =
        RegistryClient.builder()
            .credentialStore(CredentialStore.NONE)
            .registries(RegistryConfiguration.none())
            .proxies(ProxySettings.none());
    if (entrance == Entrance.CERTIFICATE) {
      client.registries(RegistryConfiguration.none().withCertificates(certificates()));
    }
    if (entrance == Entrance.HTTPS) {
      client.https(name).trust(Certificates.trusting(CERTIFICATE.certificate()));
    }
    return needsPassword() ? client.credentials(name, Credentials.basic(USER, PASSWORD)) : client;
  }

  /** The options by which skopeo may do everything, of which "dest-" or "src-" is the prefix. */
  public List<String> skopeoOptions(String prefix) {
    if (entrance == Entrance.CERTIFICATE) {
      return List.of(
          "--" + prefix + "cert-dir",
          certificates().resolve(name).toString(),
          "--" + prefix + "creds",
          USER + ":" + PASSWORD);
    }
    if (needsPassword()) {
      return List.of(
          "--" + prefix + "tls-verify=false", "--" + prefix + "creds", USER + ":" + PASSWORD);
    }
    return entrance == Entrance.OPEN
        ? List.of("--" + prefix + "tls-verify=false")
        : List.of("--" + prefix + "cert-dir", directory.resolve("trusted").toString());
  }

  /** A certs.d directory for this registry. */
  Path certificates() {
    return directory.resolve("certs.d");
  }

  private boolean needsPassword() {
    return entrance == Entrance.PASSWORD
        || entrance == Entrance.TOKEN
        || entrance == Entrance.CERTIFICATE;
  }

  /** The client's key is in the older form, as openssl used to write it. */
  private void writeCertificates() throws IOException {
    Path own = Files.createDirectories(certificates().resolve(name));
    Files.writeString(own.resolve("ca.crt"), CERTIFICATE.certificatePem());
    Files.writeString(own.resolve("client.cert"), Client.CERTIFICATE.certificatePem());
    Files.writeString(own.resolve("client.key"), Client.CERTIFICATE.privateKeyPkcs1Pem());
  }

  private String config() throws IOException {
    String common =
        """
        version: 0.1
        storage:
          filesystem:
            rootdirectory: %1$s/data
          delete:
            enabled: true
        http:
          addr: 127.0.0.1:0
          secret: for tests
        """;
    String special =
        switch (entrance) {
          case OPEN -> "";
          case PASSWORD -> {
            Files.writeString(directory.resolve("htpasswd"), HTPASSWD);
            yield """
            auth:
              htpasswd:
                realm: tests
                path: %1$s/htpasswd
            """;
          }
          case TOKEN ->
              """
              auth:
                token:
                  realm: http://127.0.0.1:%2$d/token
                  service: tests
                  issuer: token server
                  rootcertbundle: %1$s/certificate.pem
              """;
          case CERTIFICATE -> {
            Files.writeString(directory.resolve("htpasswd"), HTPASSWD);
            Files.writeString(directory.resolve("key.pem"), CERTIFICATE.privateKeyPkcs8Pem());
            yield """
              tls:
                certificate: %1$s/certificate.pem
                key: %1$s/key.pem
                clientcas: [%1$s/certificate.pem]
            auth:
              htpasswd:
                realm: tests
                path: %1$s/htpasswd
            """;
          }
          case HTTPS -> {
            Files.writeString(directory.resolve("key.pem"), CERTIFICATE.privateKeyPkcs8Pem());
            Files.createDirectories(directory.resolve("trusted"));
            Files.copy(directory.resolve("certificate.pem"), directory.resolve("trusted/ca.crt"));
            yield "  tls:\n    certificate: %1$s/certificate.pem\n    key: %1$s/key.pem\n";
          }
        };
    int port = tokenServer == null ? 0 : tokenServer.getAddress().getPort();
    return String.format(common + special, directory, port);
  }

  private String awaitAddress() throws IOException {
    StringBuilder said = new StringBuilder();
    BufferedReader out = process.inputReader(UTF_8);
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      said.append(line).append('\n');
      Matcher listening = LISTENING.matcher(line);
      if (listening.find()) {
        drain(out);
        return listening.group(1);
      }
    }
    close();
    throw new IOException("docker-registry did not start:\n" + said);
  }

  private static void drain(BufferedReader out) {
    Thread thread =
        new Thread(
            () -> {
              try (out) {
                while (out.readLine() != null) {
                  // Its log would otherwise fill the pipe.
                }
              } catch (IOException e) {
                // It has ended.
              }
            },
            "docker-registry-log");
    thread.setDaemon(true);
    thread.start();
  }

  /** A token server in the form of the token specification, with tokens as JWT. */
  private HttpServer startTokenServer() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/token", this::answerTokenRequest);
    server.start();
    return server;
  }

  private void answerTokenRequest(HttpExchange exchange) throws IOException {
    String expected = Credentials.basic(USER, PASSWORD).basicHeader().orElseThrow();
    String given = exchange.getRequestHeaders().getFirst("Authorization");
    List<String> scopes = parameters(exchange, "scope");
    int status = given == null || given.equals(expected) ? 200 : 401;
    // Anybody gets a token, but only who is known gets one that opens something.
    byte[] body =
        (status == 200 ? "{\"token\":\"" + token(given == null ? List.of() : scopes) + "\"}" : "{}")
            .getBytes(UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static List<String> parameters(HttpExchange exchange, String name) {
    List<String> values = new ArrayList<>();
    for (String pair : exchange.getRequestURI().getQuery().split("&", -1)) {
      if (pair.startsWith(name + "=")) {
        values.add(pair.substring(name.length() + 1));
      }
    }
    return values;
  }

  private String token(List<String> scopes) throws IOException {
    List<String> access = new ArrayList<>();
    for (String scope : scopes) {
      String[] parts = scope.split(":", -1);
      access.add(
          "{\"type\":\"%s\",\"name\":\"%s\",\"actions\":[\"%s\"]}"
              .formatted(parts[0], parts[1], parts[2].replace(",", "\",\"")));
    }
    long now = Instant.now().getEpochSecond();
    String claims =
        ("{\"iss\":\"token server\",\"sub\":\"joe\",\"aud\":\"tests\",\"exp\":%d,\"nbf\":%d,"
                + "\"iat\":%d,\"jti\":\"1\",\"access\":[%s]}")
            .formatted(now + 300, now - 60, now, String.join(",", access));
    try {
      String chain = Base64.getEncoder().encodeToString(CERTIFICATE.certificate().getEncoded());
      String head = "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"x5c\":[\"" + chain + "\"]}";
      String signed = encode(head.getBytes(UTF_8)) + "." + encode(claims.getBytes(UTF_8));
      Signature signature = Signature.getInstance("SHA256withRSA");
      signature.initSign(CERTIFICATE.keyPair().getPrivate());
      signature.update(signed.getBytes(UTF_8));
      return signed + "." + encode(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  private static String encode(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  @Override
  public void close() {
    if (tokenServer != null) {
      tokenServer.stop(0);
    }
    process.destroyForcibly().onExit().join();
  }
}
