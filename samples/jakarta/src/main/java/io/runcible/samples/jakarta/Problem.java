package io.runcible.samples.jakarta;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;

/** Answers a request that cannot be met with a status and, as JSON, the reason. */
@Provider
public class Problem implements ExceptionMapper<RuncibleException> {
  private static final int RETRY_SECONDS = 5;

  @Override
  public Response toResponse(RuncibleException e) {
    String message = String.valueOf(e.getMessage());
    if (e.kind() == ErrorKind.INVALID_INPUT) {
      return response(Response.Status.BAD_REQUEST, message);
    }
    if (e.kind() == ErrorKind.UNAVAILABLE) {
      return Response.fromResponse(response(Response.Status.SERVICE_UNAVAILABLE, message))
          .header("Retry-After", RETRY_SECONDS)
          .build();
    }
    return response(Response.Status.INTERNAL_SERVER_ERROR, message);
  }

  static Response response(Response.Status status, String message) {
    return Response.status(status)
        .type(MediaType.APPLICATION_JSON_TYPE)
        .entity(describe(message).toString())
        .build();
  }

  static JsonObject describe(String message) {
    return Json.createObjectBuilder().add("error", message).build();
  }
}
