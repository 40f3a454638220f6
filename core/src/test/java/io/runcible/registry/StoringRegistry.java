package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.error;
import static io.runcible.registry.FakeRegistry.json;
import static io.runcible.registry.FakeRegistry.status;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.Digest;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import okio.Buffer;

/** Answers of a registry that keeps the manifests and tags of the repository {@code team/app}. */
class StoringRegistry implements Function<RecordedRequest, MockResponse> {
  private static final String MANIFESTS = "/v2/team/app/manifests/";

  /** The digests by their tags. */
  final Map<String, String> tags = new ConcurrentSkipListMap<>();

  private final Map<String, Stored> manifests = new ConcurrentHashMap<>();

  private record Stored(String mediaType, byte[] raw) {}

  String put(String tag, String mediaType, byte[] raw) {
    String digest = Digest.sha256(raw).toString();
    manifests.put(digest, new Stored(mediaType, raw));
    if (!tag.contains(":")) {
      tags.put(tag, digest);
    }
    return digest;
  }

  /** The index under a tag. */
  ImageIndex index(String tag) {
    Stored stored = manifests.get(tags.get(tag));
    return ImageIndex.parse(stored.raw(), stored.mediaType());
  }

  @Override
  public MockResponse apply(RecordedRequest request) {
    String path = request.getTarget();
    if (path.startsWith("/v2/team/app/tags/list")) {
      return json(
          tags.keySet().stream()
              .map(tag -> "\"" + tag + "\"")
              .collect(Collectors.joining(",", "{\"tags\":[", "]}")));
    }
    if (!path.startsWith(MANIFESTS)) {
      return status(404);
    }
    String name = path.substring(MANIFESTS.length());
    return switch (request.getMethod()) {
      case "PUT" -> stored(name, request);
      case "DELETE" -> deleted(name);
      default -> read(name);
    };
  }

  private MockResponse stored(String name, RecordedRequest request) {
    byte[] raw = request.getBody().toByteArray();
    String type = request.getHeaders().get("Content-Type");
    return new MockResponse.Builder()
        .code(201)
        .addHeader("Docker-Content-Digest", put(name, type, raw))
        .build();
  }

  private MockResponse read(String name) {
    Stored stored = manifests.get(tags.getOrDefault(name, name));
    if (stored == null) {
      return error(404, "MANIFEST_UNKNOWN", "no such manifest");
    }
    return new MockResponse.Builder()
        .addHeader("Content-Type", stored.mediaType())
        .addHeader("Docker-Content-Digest", Digest.sha256(stored.raw()).toString())
        .body(new Buffer().write(stored.raw()))
        .build();
  }

  private MockResponse deleted(String name) {
    if (!name.contains(":")) {
      return tags.remove(name) != null ? status(202) : error(404, "MANIFEST_UNKNOWN", "no tag");
    }
    tags.values().removeIf(name::equals);
    return manifests.remove(name) != null ? status(202) : error(404, "MANIFEST_UNKNOWN", "none");
  }

  /** A manifest with a subject, of the artifact type {@code application/x.name}. */
  static Manifest referrer(Digest subject, String name) {
    String empty =
        "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":2}"
            .formatted(MediaType.OCI_EMPTY, Digest.sha256(new byte[] {'{', '}'}));
    String json =
        ("{\"schemaVersion\":2,\"mediaType\":\"%s\",\"artifactType\":\"application/x.%s\","
                + "\"config\":%s,\"layers\":[%s],\"annotations\":{\"name\":\"%s\"},"
                + "\"subject\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":5}}")
            .formatted(
                MediaType.OCI_MANIFEST, name, empty, empty, name, MediaType.OCI_MANIFEST, subject);
    return Manifest.parse(json.getBytes(UTF_8), MediaType.OCI_MANIFEST);
  }

  /** The names of the referrers in a list, from their annotations. */
  static List<String> names(List<Descriptor> referrers) {
    return referrers.stream().map(found -> found.annotations().getOrDefault("name", "")).toList();
  }
}
