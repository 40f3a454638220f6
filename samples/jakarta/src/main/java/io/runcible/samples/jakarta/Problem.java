package io.runcible.samples.jakarta;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Answers a request that cannot be met with a status and, as JSON, the reason. */
@Provider
public class Problem implements ExceptionMapper<Exception> {
  private static final Logger LOG = Logger.getLogger(Problem.class.getName());
  private static final int RETRY_SECONDS = 5;

  /** What strangers may read; other messages can tell of the host, and are logged. */
  private static final Set<ErrorKind> PUBLIC =
      Set.of(ErrorKind.INVALID_INPUT, ErrorKind.UNAVAILABLE, ErrorKind.CANCELLED);

  @Override
  public Response toResponse(Exception e) {
    if (e instanceof WebApplicationException web) {
      return describe(Response.fromResponse(web.getResponse()), String.valueOf(web.getMessage()));
    }
    Response.ResponseBuilder response = Response.status(status(e));
    if (status(e) == Status.SERVICE_UNAVAILABLE) {
      response.header(HttpHeaders.RETRY_AFTER, RETRY_SECONDS);
    }
    return describe(response, reason(e));
  }

  private static Status status(Throwable e) {
    if (e instanceof RuncibleException problem) {
      if (problem.kind() == ErrorKind.INVALID_INPUT) {
        return Status.BAD_REQUEST;
      }
      if (problem.kind() == ErrorKind.UNAVAILABLE) {
        return Status.SERVICE_UNAVAILABLE;
      }
    }
    return Status.INTERNAL_SERVER_ERROR;
  }

  private static Response describe(Response.ResponseBuilder response, String reason) {
    return response
        .type(MediaType.APPLICATION_JSON_TYPE)
        .entity(describe(reason).toString())
        .build();
  }

  /** What a client is told of a failure. */
  static String reason(Throwable e) {
    if (e instanceof RuncibleException problem && PUBLIC.contains(problem.kind())) {
      return String.valueOf(problem.getMessage());
    }
    LOG.log(Level.WARNING, "a program could not be run", e);
    return "the server could not run this program";
  }

  static JsonObject describe(String reason) {
    return Json.createObjectBuilder().add("error", reason).build();
  }
}
