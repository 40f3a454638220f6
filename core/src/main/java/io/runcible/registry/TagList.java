package io.runcible.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** Collects the pages of a list of tags (distribution specification, "Listing Tags"). */
final class TagList {
  private static final int PAGE_SIZE = 1000;

  private static final int MAX_PAGES = 1000;
  private static final int MAX_TAGS = 500_000;
  private static final int MAX_PAGE_BYTES = 4 * 1024 * 1024;

  private final Operation operation;
  private final ImageReference repository;
  private final List<String> tags = new ArrayList<>();
  private final Set<HttpUrl> visited = new HashSet<>();

  private TagList(Operation operation, ImageReference repository) {
    this.operation = operation;
    this.repository = repository;
  }

  /** All tags, sorted, as registries do not agree on an order. */
  static List<String> fetch(
      HttpTransport transport,
      HttpTransport.Sender sender,
      Operation operation,
      ImageReference repository) {
    TagList list = new TagList(operation, repository);
    Optional<HttpUrl> next = Optional.of(operation.endpoint().tags(repository, PAGE_SIZE));
    while (next.isPresent()) {
      HttpUrl url = next.get();
      Page page =
          transport.call(
              operation,
              sender,
              new Request.Builder().url(url).build(),
              response -> {
                try (Response good = transport.expect(operation, response, 200)) {
                  return list.read(url, good);
                }
              });
      next = list.add(url, page);
    }
    return list.tags.stream().sorted().distinct().toList();
  }

  /** Reads a page that was asked for at a URL; what it collects is added when it is whole. */
  private Page read(HttpUrl url, Response response) throws IOException {
    byte[] raw = response.body().byteStream().readNBytes(MAX_PAGE_BYTES + 1);
    if (raw.length > MAX_PAGE_BYTES) {
      throw invalid("a page of more than " + MAX_PAGE_BYTES + " bytes");
    }
    ObjectNode document = Json.object(raw).orElseThrow(() -> invalid("no JSON object"));
    List<String> found = new ArrayList<>();
    // A repository without tags has null here.
    for (JsonNode tag : document.path("tags")) {
      found.add(checked(tag));
    }
    return new Page(found, next(url, LinkHeader.next(response.headers("Link"))));
  }

  /**
   * One page.
   *
   * @param tags what is on it
   * @param next where the next one is; empty on the last
   */
  private record Page(List<String> tags, Optional<HttpUrl> next) {}

  /** Takes in a page, and says where the next one is. */
  private Optional<HttpUrl> add(HttpUrl url, Page page) {
    visited.add(url);
    tags.addAll(page.tags());
    if ((visited.size() >= MAX_PAGES && page.next().isPresent()) || tags.size() > MAX_TAGS) {
      throw invalid("more than " + MAX_PAGES + " pages or " + MAX_TAGS + " tags");
    }
    if (page.next().filter(visited::contains).isPresent()) {
      throw invalid("pages in a circle");
    }
    return page.next();
  }

  private String checked(JsonNode tag) {
    String text = tag.isTextual() ? tag.textValue() : "";
    try {
      return repository.withTag(text).tag().orElseThrow();
    } catch (RuncibleException e) {
      throw invalid("what is not a tag: " + e.getMessage());
    }
  }

  private Optional<HttpUrl> next(HttpUrl url, @Nullable String link) {
    if (link == null) {
      return Optional.empty();
    }
    HttpUrl next = url.resolve(link);
    if (next == null || !operation.endpoint().isOrigin(next)) {
      throw invalid("a next page that is not its own");
    }
    return Optional.of(next);
  }

  private RuncibleException invalid(String what) {
    return Failures.of(
        ErrorKind.INVALID_INPUT, operation, operation.endpoint().name() + " sends " + what);
  }
}
