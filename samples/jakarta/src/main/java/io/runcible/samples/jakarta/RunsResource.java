package io.runcible.samples.jakarta;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.ClientErrorException;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.NotFoundException;
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
import org.jspecify.annotations.Nullable;

/**
 * The programs that run. A request says the language by its content type: no form of another site
 * can send one of these, and a script of another site may not. {@link LoopbackOnly} sees to sites
 * whose name leads here.
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
      @HeaderParam(HttpHeaders.CONTENT_TYPE) @Nullable MediaType type,
      @QueryParam("seconds") @DefaultValue("10") String seconds,
      InputStream body)
      throws IOException {
    Language language = Language.of(type);
    Duration limit = limit(seconds);
    byte[] program = body.readNBytes(MAX_PROGRAM + 1);
    if (program.length > MAX_PROGRAM) {
      throw new ClientErrorException(
          "the program has more than " + MAX_PROGRAM + " bytes",
          Response.Status.REQUEST_ENTITY_TOO_LARGE);
    }
    RunStream stream = runs.start(language, program, limit);
    return Response.ok(stream, MediaType.SERVER_SENT_EVENTS_TYPE)
        .header(HttpHeaders.CACHE_CONTROL, "no-store")
        .build();
  }

  private static Duration limit(String seconds) {
    double number = Double.NaN;
    try {
      number = Double.parseDouble(seconds);
    } catch (NumberFormatException e) {
      // As it would be for "NaN".
    }
    // Also the negation of what is good: a NaN is neither.
    if (!(number > 0 && number <= Runs.MAX_SECONDS)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "seconds=" + seconds + ": give more than 0 and at most " + Runs.MAX_SECONDS);
    }
    return Duration.ofMillis((long) (number * 1000));
  }

  /** Ends a program; its stream says so. */
  @DELETE
  @Path("{id}")
  public Response cancel(@PathParam("id") String id) {
    if (!runs.cancel(id)) {
      throw new NotFoundException("no such program runs");
    }
    return Response.noContent().build();
  }
}
