package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * Where the operations of a client go: finds the effective names, refuses what is blocked, decides
 * how a registry is spoken to, and reads from one place after the other. Thread-safe.
 */
final class Routes {
  /** So long a mirror that could not be reached is not asked again. */
  private static final Duration REST = Duration.ofSeconds(60);

  private final RegistryConfiguration configuration;
  private final CertificateDirectories certificates;
  private final HttpTransport transport;
  private final Map<String, ClientSettings.Protocol> protocols;
  private final Clock clock;

  /** Which insecure registries speak plain HTTP, as far as they have been asked. */
  private final Map<String, Boolean> plain = new ConcurrentHashMap<>();

  private final Map<String, Instant> resting = new ConcurrentHashMap<>();

  /** Mostly that of the next operation, too, and a URL takes long to parse. */
  private volatile @Nullable RegistryEndpoint last;

  Routes(
      RegistryConfiguration configuration,
      CertificateDirectories certificates,
      HttpTransport transport,
      Map<String, ClientSettings.Protocol> protocols,
      Clock clock) {
    this.configuration = configuration;
    this.certificates = certificates;
    this.transport = transport;
    this.protocols = protocols;
    this.clock = clock;
  }

  /** The names under which an image is looked for, in order. */
  List<ImageReference> names(ImageReference reference) {
    return configuration.conf().sources(reference).stream()
        .map(RegistriesConf.Source::reference)
        .distinct()
        .toList();
  }

  /** An operation on the location of an image, which is no mirror. */
  Operation location(String what, ImageReference reference, Access access) {
    return operation(what, reference, configuration.conf().location(reference), access);
  }

  /** An operation on a registry as a whole, whose name is taken as it is. */
  Operation registry(String what, String registry, Access access) {
    Optional<Boolean> insecure =
        configuration.conf().table(registry).flatMap(RegistryTable::insecure);
    RegistryEndpoint endpoint = endpoint(what, registry, insecure, Remap.NONE);
    return new Operation(what, endpoint, "", access);
  }

  /** Reads from the mirrors of an image in order, then from its location, until one delivers. */
  <T> T read(String what, ImageReference reference, Function<Operation, T> attempt) {
    RegistriesConf conf = configuration.conf();
    conf.table(reference.toString())
        .filter(RegistryTable::blocked)
        .ifPresent(
            table -> {
              throw blocked(what, reference, table);
            });
    List<RegistriesConf.Source> sources = conf.sources(reference);
    if (sources.size() == 1) {
      return attempt.apply(operation(what, reference, sources.get(0), Access.PULL));
    }
    Attempts attempts = new Attempts(what);
    for (RegistriesConf.Source source : sources.subList(0, sources.size() - 1)) {
      if (isResting(source)) {
        attempts.skipped(source);
        continue;
      }
      try {
        return attempt.apply(operation(what, reference, source, Access.PULL));
      } catch (RuncibleException e) {
        attempts.failed(source, e);
        rest(source, e);
      }
    }
    RegistriesConf.Source location = sources.get(sources.size() - 1);
    try {
      return attempt.apply(operation(what, reference, location, Access.PULL));
    } catch (RuncibleException e) {
      attempts.failed(location, e);
      throw attempts.failure(e);
    }
  }

  private boolean isResting(RegistriesConf.Source source) {
    Instant until = resting.get(source.reference().registry());
    return until != null && clock.instant().isBefore(until);
  }

  private void rest(RegistriesConf.Source source, RuncibleException e) {
    if (e.kind() == ErrorKind.UNAVAILABLE || e.kind() == ErrorKind.TIMEOUT) {
      resting.put(source.reference().registry(), clock.instant().plus(REST));
    }
  }

  private Operation operation(
      String what, ImageReference reference, RegistriesConf.Source source, Access access) {
    source
        .blockedBy()
        .ifPresent(
            table -> {
              throw blocked(what, source.reference(), table);
            });
    RegistryEndpoint endpoint =
        endpoint(what, source.reference().registry(), source.insecure(), source.remap());
    return new Operation(what, endpoint, endpoint.repository(reference), access);
  }

  private static RuncibleException blocked(
      String what, ImageReference reference, RegistryTable table) {
    return new RuncibleException(
        ErrorKind.PERMISSION_DENIED,
        "cannot "
            + what
            + ": "
            + table.origin()
            + " blocks "
            + reference
            + " by '"
            + table.prefix()
            + "'");
  }

  private RegistryEndpoint endpoint(
      String what, String registry, Optional<Boolean> insecure, Remap remap) {
    ClientSettings.Protocol told = protocols.get(registry);
    if (told == ClientSettings.Protocol.PLAIN_HTTP) {
      return parsed(registry, true, false, remap);
    }
    if (told == ClientSettings.Protocol.HTTPS) {
      return parsed(registry, false, false, remap);
    }
    if (told == ClientSettings.Protocol.INSECURE || insecure.orElse(false)) {
      return parsed(registry, speaksPlainHttp(what, registry), true, remap);
    }
    // What is said of it, even that it is secure, or has certificates, is not for plain HTTP.
    boolean unsaid = insecure.isEmpty() && !certificates.has(registry);
    return parsed(registry, unsaid && RegistryEndpoint.isLoopback(registry), false, remap);
  }

  private RegistryEndpoint parsed(
      String registry, boolean plainHttp, boolean insecure, Remap remap) {
    RegistryEndpoint known = last;
    if (known == null || !known.is(registry, plainHttp, insecure, remap)) {
      known = RegistryEndpoint.of(registry, plainHttp, insecure, remap);
      last = known;
    }
    return known;
  }

  /** Tries TLS first; when neither works, the operation itself will say why TLS does not. */
  private boolean speaksPlainHttp(String what, String registry) {
    Boolean known = plain.get(registry);
    if (known != null) {
      return known;
    }
    for (boolean candidate : new boolean[] {false, true}) {
      RegistryEndpoint endpoint = RegistryEndpoint.of(registry, candidate, true, Remap.NONE);
      Operation operation = new Operation(what, endpoint, "", Access.PULL);
      transport.checkUsable(operation);
      Request get = new Request.Builder().url(endpoint.base()).build();
      try {
        transport.send(operation, get).close();
        plain.put(registry, candidate);
        return candidate;
      } catch (IOException e) {
        // The next one, or the operation.
      }
    }
    return false;
  }

  /** What was tried, for the error when all has failed. */
  private static final class Attempts {
    private final String what;
    private final List<String> reasons = new ArrayList<>();
    private final List<RuncibleException> failures = new ArrayList<>();

    Attempts(String what) {
      this.what = what;
    }

    void skipped(RegistriesConf.Source source) {
      reasons.add("at " + source.reference() + ", which could not be reached a moment ago");
    }

    /** Fails at once when the failure is the caller's. */
    void failed(RegistriesConf.Source source, RuncibleException e) {
      if (e.kind() == ErrorKind.CANCELLED || e.kind() == ErrorKind.FAILED_PRECONDITION) {
        throw e;
      }
      String prefix = "cannot " + what + ": ";
      String message = String.valueOf(e.getMessage());
      String reason = message.startsWith(prefix) ? message.substring(prefix.length()) : message;
      reasons.add("at " + source.reference() + ": " + reason);
      failures.add(e);
    }

    RuncibleException failure(RuncibleException last) {
      RuncibleException all =
          new RuncibleException(
              last.kind(), "cannot " + what + "; tried " + String.join("; ", reasons), last);
      failures.stream().filter(e -> e != last).forEach(all::addSuppressed);
      return all;
    }
  }
}
