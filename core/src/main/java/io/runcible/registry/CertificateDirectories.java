package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import okhttp3.HttpUrl;

/**
 * The certificates for single registries (containers-certs.d).
 *
 * @param places directories in which that of a registry may be; the first one counts
 * @param own directories of single registries, which go before those
 */
record CertificateDirectories(List<Path> places, Map<String, Path> own) {
  private static final String DOCKER = "docker.io";
  private static final String DOCKER_API = "registry-1.docker.io";

  /**
   * What is in the directory of a registry.
   *
   * @param authorities to trust besides the usual ones
   * @param identities to show when the registry asks who connects
   */
  record Found(List<X509Certificate> authorities, List<Identity> identities) {}

  /** A certificate with those that lead to its authority, and its key. */
  record Identity(List<X509Certificate> chain, PrivateKey key) {
    /** Without the secret. */
    @Override
    public String toString() {
      return "Identity[" + chain.get(0).getSubjectX500Principal() + "]";
    }
  }

  /** Whether there is a directory for a registry, as its name is in references. */
  boolean has(String registry) {
    return directory(List.of(registry)).isPresent();
  }

  /** What there is for the host and port of a URL; reads it anew. */
  Optional<Found> find(HttpUrl url) {
    String host = url.host().indexOf(':') < 0 ? url.host() : "[" + url.host() + "]";
    List<String> names = new ArrayList<>();
    names.add(host + ":" + url.port());
    if (url.port() == HttpUrl.defaultPort(url.scheme())) {
      names.add(host);
      if (host.equals(DOCKER_API)) {
        names.add(DOCKER);
      }
    }
    return directory(names).map(CertificateDirectories::read);
  }

  private Optional<Path> directory(List<String> names) {
    Optional<Path> given = names.stream().filter(own::containsKey).map(own::get).findFirst();
    if (given.isPresent() && !Files.isDirectory(given.get())) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND,
          "there is no directory "
              + given.get()
              + ", where the certificates for "
              + names.get(0)
              + " should be");
    }
    return given.isPresent() ? given : configured(names);
  }

  /** A loop: it is asked for every blob. */
  private Optional<Path> configured(List<String> names) {
    for (Path place : places) {
      for (String name : names) {
        Path directory = place.resolve(name);
        if (Files.isDirectory(directory)) {
          return Optional.of(directory);
        }
      }
    }
    return Optional.empty();
  }

  private static Found read(Path directory) {
    List<X509Certificate> authorities = new ArrayList<>();
    List<Identity> identities = new ArrayList<>();
    for (Path file : ConfigurationFiles.list(directory, ".crt", ".cert", ".key")) {
      String name = file.getFileName().toString();
      if (name.endsWith(".crt")) {
        authorities.addAll(certificates(file));
      } else if (name.endsWith(".cert")) {
        identities.add(identity(file));
      } else {
        Path certificate = sibling(file, ".key", ".cert");
        if (!Files.exists(certificate)) {
          throw ConfigurationFiles.invalid(file, "its certificate " + certificate + " is missing");
        }
      }
    }
    return new Found(authorities, identities);
  }

  private static Path sibling(Path file, String ending, String other) {
    String name = file.getFileName().toString();
    return file.resolveSibling(name.substring(0, name.length() - ending.length()) + other);
  }

  private static Identity identity(Path file) {
    Path key = sibling(file, ".cert", ".key");
    if (!Files.exists(key)) {
      throw ConfigurationFiles.invalid(file, "its key " + key + " is missing");
    }
    List<X509Certificate> chain = certificates(file);
    try {
      return new Identity(
          chain, PrivateKeys.read(ConfigurationFiles.read(key), chain.get(0).getPublicKey()));
    } catch (GeneralSecurityException e) {
      throw ConfigurationFiles.invalid(key, String.valueOf(e.getMessage()));
    }
  }

  private static List<X509Certificate> certificates(Path file) {
    List<X509Certificate> certificates = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      byte[] raw = ConfigurationFiles.read(file);
      for (Certificate one : factory.generateCertificates(new ByteArrayInputStream(raw))) {
        certificates.add((X509Certificate) one);
      }
    } catch (CertificateException e) {
      throw notCertificates(file, String.valueOf(e.getMessage()));
    }
    if (certificates.isEmpty()) {
      throw notCertificates(file, "there is none");
    }
    return certificates;
  }

  private static RuncibleException notCertificates(Path file, String reason) {
    return ConfigurationFiles.invalid(file, "it has no certificates in PEM: " + reason);
  }
}
