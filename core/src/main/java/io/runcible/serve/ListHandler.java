package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Answers the requests that list something: tags, repositories, referrers. */
final class ListHandler {
  static final String CATALOG = "/v2/_catalog";

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final String JSON = "application/json";
  private static final int MAX_REFERRERS = 1000;
  private static final int FRAME = 1024;

  private final ImageSource source;
  private final String registry;

  ListHandler(ImageSource source, String registry) {
    this.source = source;
    this.registry = registry;
  }

  HttpAnswer tags(HttpRequest request, RegistryRoute route) throws RegistryError {
    NamePage page = NamePage.of(source.tags(route.reference()), request);
    ObjectNode body = MAPPER.createObjectNode().put("name", route.name());
    page.names().forEach(body.putArray("tags")::add);
    HttpAnswer answer = new HttpAnswer(200, JSON, body.toString().getBytes(UTF_8));
    return page.link(answer, route.path("/tags/list"));
  }

  /** The repositories, as Docker's registry lists them; the specification has no such request. */
  HttpAnswer catalog(HttpRequest request) throws RegistryError {
    List<String> all;
    try {
      all = source.repositories(registry);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.UNSUPPORTED) {
        throw new RegistryError(404, "UNSUPPORTED", "the registry cannot list repositories");
      }
      throw e;
    }
    NamePage page = NamePage.of(all, request);
    ObjectNode body = MAPPER.createObjectNode();
    page.names().forEach(body.putArray("repositories")::add);
    return page.link(new HttpAnswer(200, JSON, body.toString().getBytes(UTF_8)), CATALOG);
  }

  /**
   * What refers to a manifest ("Listing Referrers" of the distribution specification), in parts of
   * the size of a manifest.
   */
  HttpAnswer referrers(HttpRequest request, RegistryRoute route) {
    Optional<String> type = request.parameter("artifactType").filter(text -> !text.isEmpty());
    String after = request.parameter("last").orElse("");
    List<Descriptor> all =
        source.referrers(route.reference(), route.digest()).stream()
            .filter(found -> type.isEmpty() || found.artifactType().equals(type))
            .filter(found -> key(found).compareTo(after) > 0)
            .sorted(Comparator.comparing(ListHandler::key))
            .toList();
    List<Descriptor> page = page(all);
    ImageIndex index = ImageIndex.of(page, Map.of());
    HttpAnswer answer = new HttpAnswer(200, index.mediaType(), index.raw());
    type.ifPresent(filter -> answer.header("OCI-Filters-Applied", "artifactType"));
    if (page.size() < all.size()) {
      String filter =
          type.map(text -> "artifactType=" + URLEncoder.encode(text, UTF_8) + "&").orElse("");
      String path = route.path("/referrers/" + route.digest());
      String last = key(page.get(page.size() - 1));
      answer.header("Link", "<" + path + "?" + filter + "last=" + last + ">; rel=\"next\"");
    }
    return answer;
  }

  private static String key(Descriptor referrer) {
    return referrer.digest().toString();
  }

  /** As many of them as fit, at least one. */
  private static List<Descriptor> page(List<Descriptor> all) {
    List<Descriptor> page = new ArrayList<>();
    long size = FRAME;
    for (Descriptor each : all.subList(0, Math.min(all.size(), MAX_REFERRERS))) {
      Descriptor shown = each;
      long length = length(each);
      if (length > Manifest.MAX_SIZE - FRAME) {
        shown = each.withAnnotations(Map.of());
        length = length(shown);
      }
      size += length;
      if (size > Manifest.MAX_SIZE) {
        break;
      }
      page.add(shown);
    }
    return page;
  }

  private static long length(Descriptor descriptor) {
    try {
      return ImageIndex.of(List.of(descriptor), Map.of()).raw().length;
    } catch (RuncibleException e) {
      return Long.MAX_VALUE / 2; // Its annotations alone are too long for a document.
    }
  }
}
