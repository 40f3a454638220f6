package io.runcible.registry;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import okhttp3.HttpUrl;

/**
 * The requests for lists of names: the tags of a repository (distribution specification, "Listing
 * Tags"), and the repositories of a registry, which that specification leaves out and most
 * registries serve.
 */
final class ListRequests {
  private static final int MAX_NAMES = 500_000;

  private final HttpTransport transport;
  private final HttpTransport.Sender sender;

  ListRequests(HttpTransport transport, HttpTransport.Sender sender) {
    this.transport = transport;
    this.sender = sender;
  }

  /** All tags, sorted, as registries do not agree on an order. */
  List<String> tags(Operation operation, ImageReference repository) {
    HttpUrl first = operation.endpoint().tags(repository, PagedList.PAGE_SIZE);
    return sorted(
        names(operation, "tags", name -> repository.withTag(name).tag().orElseThrow())
            .fetch(transport, sender, first));
  }

  /** All repositories, sorted; empty when the registry does not list them. */
  Optional<List<String>> repositories(Operation operation) {
    RegistryEndpoint endpoint = operation.endpoint();
    return names(operation, "repositories", name -> repository(endpoint.name(), name))
        .fetchIfServed(transport, sender, endpoint.catalog(PagedList.PAGE_SIZE))
        .map(ListRequests::sorted);
  }

  private static String repository(String registry, String name) {
    ImageReference reference = ImageReference.parse(registry + "/" + name);
    if (!reference.repository().equals(name)) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, "it has a tag or a digest");
    }
    return name;
  }

  private static List<String> sorted(List<String> names) {
    return names.stream().sorted().distinct().toList();
  }

  /** The names in the field of the pages that is called after them. */
  private static PagedList<String> names(
      Operation operation, String field, UnaryOperator<String> check) {
    return new PagedList<>(
        operation, field, MAX_NAMES, (raw, most) -> read(raw, most, field, check));
  }

  /** Makes no tree of the page, which would take several times what the names do. */
  private static List<String> read(
      byte[] raw, int most, String field, UnaryOperator<String> check) {
    List<String> names = new ArrayList<>();
    try (JsonParser parser = Json.parser(raw)) {
      require(parser.nextToken() == JsonToken.START_OBJECT);
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean wanted = parser.currentName().equals(field);
        // A repository without tags has null here.
        if (parser.nextToken() != JsonToken.START_ARRAY || !wanted) {
          parser.skipChildren();
          continue;
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          names.add(checked(parser, field, check));
          if (names.size() > most) {
            return names;
          }
        }
      }
      require(parser.nextToken() == null);
      return names;
    } catch (IOException e) {
      throw noObject();
    }
  }

  private static void require(boolean right) {
    if (!right) {
      throw noObject();
    }
  }

  /** The cause would quote what was sent. */
  private static RuncibleException noObject() {
    return new RuncibleException(ErrorKind.INVALID_INPUT, "it is no JSON object");
  }

  private static String checked(JsonParser name, String field, UnaryOperator<String> check)
      throws IOException {
    try {
      return check.apply(name.hasToken(JsonToken.VALUE_STRING) ? name.getText() : "");
    } catch (RuncibleException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "one of its " + field + " is none: " + e.getMessage(), e);
    }
  }
}
