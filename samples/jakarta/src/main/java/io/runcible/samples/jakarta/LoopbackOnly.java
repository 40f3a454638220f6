package io.runcible.samples.jakarta;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebFilter;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Set;

/**
 * Lets in who is on this host, also when the server listens elsewhere. By its name for the server a
 * request shows that no other site's name leads a browser here (DNS rebinding).
 */
@WebFilter(urlPatterns = "/*", asyncSupported = true)
public class LoopbackOnly extends HttpFilter {
  private static final long serialVersionUID = 1;

  private static final Set<String> NAMES =
      Set.of("localhost", "127.0.0.1", "[::1]", "::1", "0:0:0:0:0:0:0:1", "[0:0:0:0:0:0:0:1]");

  @Override
  protected void doFilter(
      HttpServletRequest request, HttpServletResponse response, FilterChain next)
      throws IOException, ServletException {
    if (isLocal(request.getRemoteAddr(), request.getServerName())) {
      next.doFilter(request, response);
    } else {
      response.sendError(HttpServletResponse.SC_FORBIDDEN);
    }
  }

  /** Whether a request comes from this host, and calls the server by a name of this host only. */
  static boolean isLocal(String client, String server) throws UnknownHostException {
    return InetAddress.getByName(client).isLoopbackAddress() && NAMES.contains(server);
  }
}
