package io.runcible.samples.jakarta;

import jakarta.inject.Inject;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;

/**
 * Ends what runs when the application is undeployed, while all of it is still there. The server
 * destroys the servlets in the order in which they were loaded, and waits for the requests of each
 * for two seconds: a request of Jersey that goes on after its servlet would keep the application in
 * the memory of its thread. The events of CDI come too late for that.
 */
@WebServlet(urlPatterns = "/end-of-runs", loadOnStartup = 1)
public class EndOfRuns extends HttpServlet {
  private static final long serialVersionUID = 1;

  @Inject private transient OpenRuns runs;

  @Override
  public void destroy() {
    runs.close();
  }
}
