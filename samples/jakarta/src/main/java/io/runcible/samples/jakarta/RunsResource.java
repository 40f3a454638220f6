package io.runcible.samples.jakarta;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/**
 * The programs that run. A request says the language by its content type: no form of another site
 * can send one of these, and a script of another site may not.
 *
 * <p>One for all requests: servers keep the bean of a request whose client has gone in the thread
 * that served it, and with that the application.
 */
@Path("runs")
@ApplicationScoped
public class RunsResource {
  /** The largest program. */
  static final int MAX_PROGRAM = 64 << 10;

  @Inject private Runs runs;

  /**
   * Runs a program, and answers with what it writes while it writes it, as server-sent events:
   * {@code started} with the id, {@code stdout} and {@code stderr} with texts, at last {@code
   * result} or {@code error}. A client that goes away ends it.
   *
   * @param seconds how long it may run; the sandbox has the last word
   */
  @POST
  @Consumes({Language.SHELL_TYPE, Language.AWK_TYPE})
  public Response run(
      @HeaderParam(HttpHeaders.CONTENT_TYPE) MediaType type,
      @QueryParam("seconds") @DefaultValue("10") double seconds,
      InputStream body)
      throws IOException {
    // Also the negation of what is good: a NaN is neither.
    if (!(seconds > 0 && seconds <= Runs.MAX_SECONDS)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "seconds=" + seconds + ": give more than 0 and at most " + Runs.MAX_SECONDS);
    }
    byte[] program = body.readNBytes(MAX_PROGRAM + 1);
    if (program.length > MAX_PROGRAM) {
      return Problem.response(
          Response.Status.REQUEST_ENTITY_TOO_LARGE,
          "the program has more than " + MAX_PROGRAM + " bytes");
    }
    RunStream stream =
        runs.start(Language.of(type), program, Duration.ofMillis((long) (seconds * 1000)));
    return Response.ok(stream, MediaType.SERVER_SENT_EVENTS_TYPE)
        .header(HttpHeaders.CACHE_CONTROL, "no-store")
        .build();
  }

  /** Ends a program; its stream says so. */
  @DELETE
  @Path("{id}")
  public Response cancel(@PathParam("id") String id) {
    return runs.cancel(id)
        ? Response.noContent().build()
        : Problem.response(Response.Status.NOT_FOUND, "no such program runs");
  }
}
