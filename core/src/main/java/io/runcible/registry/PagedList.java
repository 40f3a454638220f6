package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
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

/**
 * Collects the pages of a list, which a header {@code Link} joins (distribution specification,
 * "Listing Tags" and "Listing Referrers"). Ends with an error when the pages go in a circle, leave
 * the registry, or are too many or too large.
 */
final class PagedList<T> {
  /** How many entries a page is asked for. */
  static final int PAGE_SIZE = 1000;

  private static final int MAX_PAGES = 1000;
  private static final int MAX_PAGE_BYTES = 4 * 1024 * 1024;
  private static final long MAX_BYTES = 16L * 1024 * 1024;

  private final Operation operation;
  private final String noun;
  private final int maxEntries;
  private final PageReader<T> reader;
  private final List<T> entries = new ArrayList<>();
  private final Set<HttpUrl> visited = new HashSet<>();
  private long bytes;

  /** Reads the entries of one page; what is wrong with one, it throws as INVALID_INPUT. */
  @FunctionalInterface
  interface PageReader<T> {
    /**
     * Reads them.
     *
     * @param most how many are bearable; of more than these, only one more has to be read
     */
    List<T> read(byte[] raw, int most);
  }

  /**
   * Makes a list.
   *
   * @param noun what is listed, in the plural
   * @param maxEntries how many entries are bearable
   */
  PagedList(Operation operation, String noun, int maxEntries, PageReader<T> reader) {
    this.operation = operation;
    this.noun = noun;
    this.maxEntries = maxEntries;
    this.reader = reader;
  }

  /** All entries, in the order of the pages. */
  List<T> fetch(HttpTransport transport, HttpTransport.Sender sender, HttpUrl first) {
    Optional<HttpUrl> next = Optional.of(first);
    while (next.isPresent()) {
      HttpUrl url = next.get();
      Page<T> page =
          transport.call(
              operation,
              sender,
              new Request.Builder().url(url).build(),
              response -> {
                try (Response good = transport.expect(operation, response, 200)) {
                  return read(url, good);
                }
              });
      next = add(url, page);
    }
    return entries;
  }

  /** All entries; empty when the registry does not know the address of the first page. */
  Optional<List<T>> fetchIfServed(
      HttpTransport transport, HttpTransport.Sender sender, HttpUrl first) {
    try {
      return Optional.of(fetch(transport, sender, first));
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.NOT_FOUND && visited.isEmpty()) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Reads a page that was asked for at a URL; what it collects is added when it is whole. */
  private Page<T> read(HttpUrl url, Response response) throws IOException {
    byte[] raw = response.body().byteStream().readNBytes(MAX_PAGE_BYTES + 1);
    if (raw.length > MAX_PAGE_BYTES) {
      throw invalid("a page of more than " + MAX_PAGE_BYTES + " bytes");
    }
    return new Page<>(
        entries(raw), raw.length, next(url, LinkHeader.next(response.headers("Link"))));
  }

  private List<T> entries(byte[] raw) {
    try {
      return reader.read(raw, maxEntries - entries.size());
    } catch (RuncibleException e) {
      throw new RuncibleException(
          e.kind(),
          "cannot "
              + operation.what()
              + ": "
              + operation.endpoint().name()
              + " sends a bad list: "
              + e.getMessage(),
          e);
    }
  }

  /**
   * One page.
   *
   * @param entries what is on it
   * @param bytes its length
   * @param next where the next one is; empty on the last
   */
  private record Page<T>(List<T> entries, int bytes, Optional<HttpUrl> next) {}

  /** Takes in a page, and says where the next one is. */
  private Optional<HttpUrl> add(HttpUrl url, Page<T> page) {
    visited.add(url);
    entries.addAll(page.entries());
    bytes += page.bytes();
    if ((visited.size() >= MAX_PAGES && page.next().isPresent())
        || entries.size() > maxEntries
        || bytes > MAX_BYTES) {
      throw invalid(
          "more than "
              + MAX_PAGES
              + " pages, "
              + maxEntries
              + " "
              + noun
              + " or "
              + MAX_BYTES
              + " bytes");
    }
    if (page.next().filter(visited::contains).isPresent()) {
      throw invalid("pages in a circle");
    }
    return page.next();
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
