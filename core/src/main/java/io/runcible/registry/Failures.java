package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLException;
import okhttp3.HttpUrl;
import okhttp3.Response;

/** Turns what went wrong on the wire into exceptions that say what was attempted. */
final class Failures {
  private static final int MAX_REASON = 300;

  private Failures() {}

  static RuncibleException of(ErrorKind kind, Operation operation, String reason) {
    return new RuncibleException(kind, "cannot " + operation.what() + ": " + reason);
  }

  static RuncibleException cancelled(Operation operation) {
    return of(ErrorKind.CANCELLED, operation, "the thread was interrupted");
  }

  static RuncibleException closed(Operation operation) {
    return of(ErrorKind.FAILED_PRECONDITION, operation, "the registry client is closed");
  }

  /** A status that the operation has no use for. Reads the body but does not close it. */
  static RuncibleException status(
      Operation operation, Response response, Optional<Duration> retryAfter) {
    int status = response.code();
    String errors = ErrorBodies.read(response);
    String reason = answer(operation, response) + (errors.isEmpty() ? "" : " (" + errors + ")");
    return of(kind(status), operation, reason + nextStep(status, retryAfter));
  }

  /** "registry.example answered 404", also when a redirect led elsewhere. */
  static String answer(Operation operation, Response response) {
    RegistryEndpoint endpoint = operation.endpoint();
    boolean elsewhere = !endpoint.isOrigin(response.request().url());
    String who =
        elsewhere
            ? endpoint.name()
                + " redirected to "
                + RegistryEndpoint.origin(response.request().url())
                + ", which"
            : endpoint.name();
    return who + " answered " + response.code();
  }

  private static ErrorKind kind(int status) {
    return switch (status) {
      case 401 -> ErrorKind.UNAUTHENTICATED;
      case 403 -> ErrorKind.PERMISSION_DENIED;
      case 404, 410 -> ErrorKind.NOT_FOUND;
      case 405, 501, 505 -> ErrorKind.UNSUPPORTED;
      case 400, 413, 414, 415, 416, 422, 431 -> ErrorKind.INVALID_INPUT;
      case 409, 412 -> ErrorKind.FAILED_PRECONDITION;
      default -> ErrorKind.UNAVAILABLE;
    };
  }

  private static String nextStep(int status, Optional<Duration> retryAfter) {
    if (retryAfter.isPresent()) {
      return "; it asks to come back in " + retryAfter.get().toSeconds() + " s";
    }
    return switch (status) {
      case 403 -> "; the credentials in use, or none, do not allow this";
      case 429 -> "; too many requests: try later, or log in for a higher limit";
      default -> "";
    };
  }

  /** A connection that could not be made, or broke. */
  static RuncibleException network(Operation operation, IOException failure) {
    RegistryEndpoint endpoint = operation.endpoint();
    IOException e = failure;
    HttpUrl url = endpoint.base();
    if (failure instanceof SendException sending && failure.getCause() instanceof IOException io) {
      e = io;
      url = sending.url();
    }
    String host = RegistryEndpoint.origin(url);
    ErrorKind kind =
        e instanceof SocketTimeoutException ? ErrorKind.TIMEOUT : ErrorKind.UNAVAILABLE;
    String reason;
    if (e instanceof UnknownHostException) {
      reason = url.host() + " has no known address; check the name, and the name server";
    } else if (e instanceof SSLException) {
      String nextStep = endpoint.isOrigin(url) ? tlsNextStep(endpoint) : "";
      reason = "no secure connection to " + host + ": " + detail(e) + nextStep;
    } else if (e instanceof SocketTimeoutException) {
      reason = host + " did not answer in time: " + detail(e);
    } else if (e instanceof ConnectException || e instanceof NoRouteToHostException) {
      reason = "no connection to " + host + ": " + detail(e);
    } else {
      reason = "the connection to " + host + " failed: " + detail(e);
    }
    return new RuncibleException(kind, "cannot " + operation.what() + ": " + reason, e);
  }

  private static String tlsNextStep(RegistryEndpoint endpoint) {
    return "; if this registry speaks plain HTTP, say so with plainHttp(\""
        + endpoint.name()
        + "\"); if its certificate is from an authority of your own, put that in a certs.d"
        + " directory, in the trust store of the JVM, or give it to the client with trust(...)";
  }

  private static String detail(IOException e) {
    String message = e.getMessage();
    return ForeignText.shown(message == null ? e.getClass().getSimpleName() : message, MAX_REASON);
  }
}
