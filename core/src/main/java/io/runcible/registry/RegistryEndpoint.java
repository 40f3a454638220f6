package io.runcible.registry;

import io.runcible.image.ImageReference;
import okhttp3.HttpUrl;

/**
 * Where a registry answers.
 *
 * @param name the registry as in a reference
 * @param base scheme, host and port; the API is below {@code /v2/}
 * @param insecure whether its certificate does not matter
 * @param remap what the names of repositories become there
 */
record RegistryEndpoint(String name, HttpUrl base, boolean insecure, Remap remap) {
  private static final String DOCKER = "docker.io";
  private static final String DOCKER_API = "registry-1.docker.io";

  static RegistryEndpoint of(String registry, boolean plainHttp) {
    return of(registry, plainHttp, false, Remap.NONE);
  }

  static RegistryEndpoint of(String registry, boolean plainHttp, boolean insecure, Remap remap) {
    String host = registry.equals(DOCKER) ? DOCKER_API : registry;
    HttpUrl base = HttpUrl.get((plainHttp ? "http://" : "https://") + host + "/v2/");
    return new RegistryEndpoint(registry, base, insecure, remap);
  }

  /** Whether {@link #of} would make it of these. */
  boolean is(String registry, boolean plainHttp, boolean lenient, Remap names) {
    return name.equals(registry)
        && isPlainHttp() == plainHttp
        && insecure == lenient
        && remap.prefix().equals(names.prefix())
        && remap.location().equals(names.location());
  }

  /** Whether a registry is on this machine by its very name, without asking a name server. */
  static boolean isLoopback(String registry) {
    if (registry.startsWith("[")) {
      return HttpUrl.get("http://" + registry).host().equals("::1");
    }
    int colon = registry.indexOf(':');
    String host = colon < 0 ? registry : registry.substring(0, colon);
    return host.equals("localhost") || isLoopbackV4(host);
  }

  static boolean isLoopback(HttpUrl url) {
    String host = url.host();
    return isLoopback(host.indexOf(':') < 0 ? host : "[" + host + "]");
  }

  private static boolean isLoopbackV4(String host) {
    String[] parts = host.split("\\.", -1);
    if (parts.length != 4 || !parts[0].equals("127")) {
      return false;
    }
    for (String part : parts) {
      boolean digits = !part.isEmpty() && part.chars().allMatch(c -> c >= '0' && c <= '9');
      if (!digits || part.length() > 3 || Integer.parseInt(part) > 255) {
        return false;
      }
    }
    return true;
  }

  HttpUrl manifest(ImageReference reference, String tagOrDigest) {
    return below(reference, "manifests/" + tagOrDigest);
  }

  HttpUrl blob(ImageReference reference, String digest) {
    return below(reference, "blobs/" + digest);
  }

  HttpUrl uploads(ImageReference reference) {
    return below(reference, "blobs/uploads/");
  }

  HttpUrl tags(ImageReference reference, int pageSize) {
    return paged(below(reference, "tags/list"), pageSize);
  }

  HttpUrl referrers(ImageReference reference, String digest) {
    return below(reference, "referrers/" + digest);
  }

  HttpUrl catalog(int pageSize) {
    return paged(base.newBuilder().addPathSegment("_catalog").build(), pageSize);
  }

  private static HttpUrl paged(HttpUrl url, int pageSize) {
    return url.newBuilder().addQueryParameter("n", Integer.toString(pageSize)).build();
  }

  /** The parts of a reference are checked when it is read, so they can stand in a path. */
  private HttpUrl below(ImageReference reference, String rest) {
    return base.newBuilder().addPathSegments(repository(reference) + "/" + rest).build();
  }

  /** What a repository is called here. */
  String repository(ImageReference reference) {
    return remap.apply(reference).repository();
  }

  boolean isPlainHttp() {
    return !base.isHttps();
  }

  /** Whether a URL has the scheme, host and port of this registry. */
  boolean isOrigin(HttpUrl url) {
    return sameOrigin(base, url);
  }

  static boolean sameOrigin(HttpUrl one, HttpUrl other) {
    return one.scheme().equals(other.scheme())
        && one.host().equals(other.host())
        && one.port() == other.port();
  }

  /** Scheme, host and port, which are fit for a message; a path or query may hold a signature. */
  static String origin(HttpUrl url) {
    String host = url.host().indexOf(':') < 0 ? url.host() : "[" + url.host() + "]";
    boolean usual = url.port() == HttpUrl.defaultPort(url.scheme());
    return url.scheme() + "://" + host + (usual ? "" : ":" + url.port());
  }
}
