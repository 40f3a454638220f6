package io.runcible.layout;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSink;

/**
 * The images of a Docker daemon, through its API: {@code GET /images/…/get} and {@code POST
 * /images/load}. Podman's service answers to the same.
 *
 * <pre>{@code
 * try (DockerDaemon daemon = DockerDaemon.open();
 *     DockerArchive image = daemon.export("app:1")) {
 *   Image.resolve(image, ImageReference.parse("app:1"), Platform.host());
 * }
 * }</pre>
 *
 * <p>Who may talk to a daemon is root on its host; so this is for machines of developers. What the
 * daemon sends is mistrusted all the same. Thread-safe.
 */
public final class DockerDaemon implements AutoCloseable {
  private static final URI DEFAULT_HOST = URI.create("unix:///var/run/docker.sock");
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /** A daemon gathers an image, or unpacks one, before it says something. */
  private static final Duration SILENCE = Duration.ofMinutes(10);

  private static final int MAX_ANSWER = 1 << 20;
  private static final int MAX_SHOWN = 500;

  private final URI host;
  private final HttpUrl url;
  private final OkHttpClient client;

  private DockerDaemon(URI host) {
    this.host = host;
    OkHttpClient.Builder settings =
        new OkHttpClient.Builder()
            .connectTimeout(CONNECT_TIMEOUT)
            .readTimeout(SILENCE)
            .writeTimeout(SILENCE)
            .followRedirects(false)
            .retryOnConnectionFailure(false);
    this.url = address(host, settings);
    this.client = settings.build();
  }

  private static HttpUrl address(URI host, OkHttpClient.Builder settings) {
    if ("unix".equals(host.getScheme()) && host.getPath() != null && !host.getPath().isEmpty()) {
      settings
          .socketFactory(UnixSocket.factory(Path.of(host.getPath())))
          .proxy(java.net.Proxy.NO_PROXY)
          .dns(name -> List.of(InetAddress.getLoopbackAddress()));
      return HttpUrl.get("http://docker/");
    }
    if ("tcp".equals(host.getScheme()) && host.getHost() != null) {
      int port = host.getPort() < 0 ? 2375 : host.getPort();
      return new HttpUrl.Builder().scheme("http").host(host.getHost()).port(port).build();
    }
    throw new RuncibleException(
        ErrorKind.UNSUPPORTED,
        "the Docker daemon at "
            + host
            + " cannot be reached: only unix:///path and tcp://host:port"
            + " are known here; set DOCKER_HOST");
  }

  /**
   * The daemon that the environment variable {@code DOCKER_HOST} names, or else the one at {@code
   * unix:///var/run/docker.sock}. It is not asked anything yet.
   *
   * @throws RuncibleException UNSUPPORTED for an address over SSH or TLS, INVALID_INPUT for none
   */
  public static DockerDaemon open() {
    String host = System.getenv("DOCKER_HOST");
    if (System.getenv("DOCKER_TLS_VERIFY") != null && host != null && !host.startsWith("unix:")) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "a Docker daemon over TLS (DOCKER_TLS_VERIFY) cannot be reached; use its unix socket, or"
              + " 'docker save' and docker-archive:");
    }
    try {
      return open(host == null || host.isEmpty() ? DEFAULT_HOST : URI.create(host));
    } catch (IllegalArgumentException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "DOCKER_HOST is not an address: " + e.getMessage(), e);
    }
  }

  /**
   * A daemon by its address.
   *
   * @param host {@code unix:///path}, or {@code tcp://host:port} without encryption
   * @throws RuncibleException UNSUPPORTED for any other address
   */
  public static DockerDaemon open(URI host) {
    return new DockerDaemon(host);
  }

  /**
   * Takes an image out of the daemon. Blocks until all of it is in a temporary file.
   *
   * @param image a reference, short as for Docker, or the id of an image, {@code sha256:…}
   * @return with this image alone; the caller closes it
   * @throws RuncibleException NOT_FOUND when the daemon has no such image, UNAVAILABLE when it
   *     cannot be reached or fails, PERMISSION_DENIED when this user may not talk to it, CANCELLED
   *     on interrupt, and as {@link DockerArchive#open(Path)}
   */
  public DockerArchive export(String image) {
    String what = "export the image '" + image + "' from the Docker daemon at " + host;
    HttpUrl get =
        url.newBuilder()
            .addPathSegment("images")
            .addPathSegments(name(image))
            .addPathSegment("get")
            .build();
    try (Response response = send(what, new Request.Builder().url(get).build())) {
      return DockerArchive.open(
          "the export of '" + image + "'", response.body().byteStream(), ArchiveLimits.DEFAULT);
    }
  }

  /** Checked, so that no text becomes another request. */
  private static String name(String image) {
    if (image.matches("(sha256:)?[0-9a-f]{64}")) {
      return image;
    }
    ImageReference reference = ImageReference.parse(image);
    return reference.tag().isPresent() && reference.digest().isEmpty()
        ? ImageEntries.fullName(reference)
        : reference.name() + "@" + reference.digest().orElseThrow();
  }

  /**
   * A sink that loads images into the daemon, like {@link DockerArchive#create}: {@link
   * ImageSink#commit} sends what was put. Until then, layers are kept in a temporary directory,
   * which closing removes. This object has to stay open until then.
   *
   * @throws RuncibleException UNAVAILABLE when there is no place for temporary files
   */
  public ImageSink load() {
    return new Load(DockerArchiveSink.streaming("load"));
  }

  private final class Load implements ImageSink {
    private final DockerArchiveSink images;

    Load(DockerArchiveSink images) {
      this.images = images;
    }

    @Override
    public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
      return images.hasBlob(reference, descriptor);
    }

    @Override
    public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
      images.putBlob(reference, descriptor, content);
    }

    @Override
    public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
      images.putManifest(reference, descriptor, raw);
    }

    @Override
    public void commit() {
      String what = "load images into the Docker daemon at " + host;
      HttpUrl load = url.newBuilder().addPathSegments("images/load").query("quiet=1").build();
      Request request = new Request.Builder().url(load).post(new Body(images)).build();
      try (Response response = send(what, request)) {
        checkAnswer(what, response.body().byteStream());
      } catch (IOException e) {
        throw failure(what, e);
      }
    }

    @Override
    public void close() {
      images.close();
    }
  }

  private static final class Body extends RequestBody {
    private final DockerArchiveSink images;

    Body(DockerArchiveSink images) {
      this.images = images;
    }

    @Override
    public MediaType contentType() {
      return MediaType.get("application/x-tar");
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
      images.writeTo(sink.outputStream());
    }
  }

  /** A stream of JSON objects, in which failures come with status 200. */
  private static void checkAnswer(String what, InputStream answer) throws IOException {
    byte[] raw = answer.readNBytes(MAX_ANSWER);
    try (MappingIterator<JsonNode> messages =
        new JsonMapper().readerFor(JsonNode.class).readValues(raw)) {
      while (messages.hasNextValue()) {
        String error = messages.nextValue().path("error").asText("");
        if (!error.isEmpty()) {
          throw new RuncibleException(
              ErrorKind.UNAVAILABLE, "cannot " + what + ": the daemon says " + shown(error));
        }
      }
    } catch (JsonProcessingException e) {
      // Some versions answer in plain text.
    }
  }

  private Response send(String what, Request request) {
    Response response;
    try {
      response = execute(request);
    } catch (IOException e) {
      throw failure(what, e);
    }
    if (response.code() == 200) {
      return response;
    }
    try (response) {
      ErrorKind kind = response.code() == 404 ? ErrorKind.NOT_FOUND : ErrorKind.UNAVAILABLE;
      throw new RuncibleException(
          kind,
          "cannot " + what + ": the daemon answers " + response.code() + " " + message(response));
    }
  }

  private Response execute(Request request) throws IOException {
    try {
      return client.newCall(request).execute();
    } catch (Exception e) {
      // The implementation language of the HTTP library lets this pass without declaring it.
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
      throw e;
    }
  }

  private static String message(Response response) {
    try {
      byte[] raw = response.body().byteStream().readNBytes(MAX_ANSWER);
      return shown(new JsonMapper().readTree(raw).path("message").asText(""));
    } catch (IOException e) {
      return "";
    }
  }

  private static String shown(String text) {
    String plain = text.replaceAll("\\p{Cntrl}", " ");
    return "'" + (plain.length() > MAX_SHOWN ? plain.substring(0, MAX_SHOWN) : plain) + "'";
  }

  private static RuncibleException failure(String what, IOException e) {
    if (Thread.currentThread().isInterrupted()) {
      return new RuncibleException(ErrorKind.CANCELLED, "cannot " + what + ": interrupted", e);
    }
    String reason = String.valueOf(e.getMessage());
    ErrorKind kind =
        reason.contains("Permission denied") ? ErrorKind.PERMISSION_DENIED : ErrorKind.UNAVAILABLE;
    return new RuncibleException(kind, "cannot " + what + ": " + reason, e);
  }

  /** Ends the connections; exports under way fail. Idempotent. */
  @Override
  public void close() {
    client.dispatcher().cancelAll();
    client.connectionPool().evictAll();
  }
}
