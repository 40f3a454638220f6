package io.runcible.registry;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import okhttp3.Response;

/** Reads what a registry says about an error (distribution specification, "Error Codes"). */
final class ErrorBodies {
  private static final int MAX_BODY = 64 * 1024;
  private static final int MAX_ERRORS = 3;
  private static final int MAX_CODE = 50;
  private static final int MAX_MESSAGE = 200;

  private ErrorBodies() {}

  /** The errors of a response as "CODE: message; …"; empty when the body has none. */
  static String read(Response response) {
    try {
      return describe(
          Cancellation.of(response).run(() -> response.body().byteStream().readNBytes(MAX_BODY)));
    } catch (IOException e) {
      // The status is what counts; the text would only have explained it.
      return "";
    }
  }

  static String describe(byte[] body) {
    List<String> errors = new ArrayList<>();
    JsonNode list = Json.object(body).map(object -> object.path("errors")).orElse(null);
    if (list == null || !list.isArray()) {
      return "";
    }
    for (JsonNode error : list) {
      String code = ForeignText.shown(Json.text(error, "code").orElse(""), MAX_CODE);
      String message = ForeignText.shown(Json.text(error, "message").orElse(""), MAX_MESSAGE);
      String separator = code.isEmpty() || message.isEmpty() ? "" : ": ";
      if (errors.size() < MAX_ERRORS && !(code + message).isEmpty()) {
        errors.add(code + separator + message);
      }
    }
    return String.join("; ", errors);
  }
}
