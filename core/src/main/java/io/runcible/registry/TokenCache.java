package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tokens by what they open. Threads that want the same one at the same time wait for the first,
 * which fetches it. Thread-safe; no lock is held while a token is fetched.
 */
final class TokenCache {
  private static final int PURGE_ABOVE = 256;

  private final Clock clock;
  private final Map<Key, AccessToken> tokens = new ConcurrentHashMap<>();
  private final Map<Key, CompletableFuture<Optional<AccessToken>>> fetches =
      new ConcurrentHashMap<>();

  /** What a token opens. */
  record Key(String registry, String scope) {}

  TokenCache(Clock clock) {
    this.clock = clock;
  }

  /** The header to send, fetched when there is none or it is stale; empty when there is none. */
  Optional<String> get(Operation operation, Key key, Supplier<Optional<AccessToken>> fetch) {
    while (true) {
      AccessToken known = usable(key);
      if (known != null) {
        return Optional.of(known.header());
      }
      CompletableFuture<Optional<AccessToken>> mine = new CompletableFuture<>();
      CompletableFuture<Optional<AccessToken>> first = fetches.putIfAbsent(key, mine);
      if (first == null) {
        return fetch(key, mine, fetch).map(AccessToken::header);
      }
      Optional<Optional<AccessToken>> theirs = await(operation, first);
      if (theirs.isPresent()) {
        return theirs.get().map(AccessToken::header);
      }
    }
  }

  private @Nullable AccessToken usable(Key key) {
    AccessToken known = tokens.get(key);
    return known != null && known.isUsable(clock) ? known : null;
  }

  private Optional<AccessToken> fetch(
      Key key,
      CompletableFuture<Optional<AccessToken>> mine,
      Supplier<Optional<AccessToken>> fetch) {
    try {
      // Another thread may have finished between the look into the cache and now.
      AccessToken known = usable(key);
      Optional<AccessToken> fetched = known != null ? Optional.of(known) : fetch.get();
      fetched.ifPresent(token -> put(key, token));
      mine.complete(fetched);
      return fetched;
    } catch (RuntimeException | Error e) {
      mine.completeExceptionally(e);
      throw e;
    } finally {
      fetches.remove(key, mine);
    }
  }

  /** What another thread fetched; empty when that one was cancelled, so that this one tries. */
  private static Optional<Optional<AccessToken>> await(
      Operation operation, CompletableFuture<Optional<AccessToken>> first) {
    try {
      return Optional.of(first.get());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Failures.cancelled(operation);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuncibleException failure) {
        if (failure.kind() == ErrorKind.CANCELLED) {
          return Optional.empty();
        }
        throw new RuncibleException(failure.kind(), String.valueOf(failure.getMessage()), failure);
      }
      throw new RuncibleException(
          ErrorKind.INTERNAL, "cannot " + operation.what() + ": no token", e);
    }
  }

  private void put(Key key, AccessToken token) {
    if (tokens.size() >= PURGE_ABOVE) {
      tokens.values().removeIf(old -> !old.isUsable(clock));
    }
    tokens.put(key, token);
  }

  /** Forgets a token that was refused, unless it has been renewed meanwhile. */
  void forget(Key key, String header) {
    tokens.computeIfPresent(key, (k, token) -> token.header().equals(header) ? null : token);
  }
}
