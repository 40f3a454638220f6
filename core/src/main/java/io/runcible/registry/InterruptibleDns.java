package io.runcible.registry;

import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import okhttp3.Dns;
import org.jspecify.annotations.Nullable;

/** Asks the system for addresses on a thread of its own, as the question cannot be interrupted. */
final class InterruptibleDns implements Dns {
  private final Dns system;

  InterruptibleDns() {
    this(Dns.SYSTEM);
  }

  InterruptibleDns(Dns system) {
    this.system = system;
  }

  @Override
  public List<InetAddress> lookup(String host) throws UnknownHostException {
    FutureTask<List<InetAddress>> question = new FutureTask<>(() -> system.lookup(host));
    Thread thread = new Thread(question, "runcible-registry-dns");
    thread.setDaemon(true);
    thread.start();
    try {
      return question.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure(host, new InterruptedIOException("interrupted"));
    } catch (ExecutionException e) {
      throw e.getCause() instanceof UnknownHostException cause ? cause : failure(host, e);
    }
  }

  private static UnknownHostException failure(String host, @Nullable Throwable cause) {
    UnknownHostException failure = new UnknownHostException(host);
    failure.initCause(cause);
    return failure;
  }
}
