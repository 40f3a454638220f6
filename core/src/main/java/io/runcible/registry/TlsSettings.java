package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * Whom to trust, and what to show, on secure connections.
 *
 * @param authorities trusted everywhere besides those of the JVM
 * @param directories what counts for single registries
 */
record TlsSettings(List<X509Certificate> authorities, CertificateDirectories directories) {
  private static final char[] NO_PASSWORD = {};

  /** Sets up a client that connects to the host and port of this URL only. */
  void apply(OkHttpClient.Builder client, HttpUrl url, boolean verified) {
    if (!url.isHttps()) {
      return;
    }
    Optional<CertificateDirectories.Found> found = directories.find(url);
    if (verified && found.isEmpty() && authorities.isEmpty()) {
      return;
    }
    List<X509Certificate> trusted = new ArrayList<>(authorities);
    found.ifPresent(own -> trusted.addAll(own.authorities()));
    try {
      X509TrustManager trust = verified ? trust(trusted) : new TrustAnybody();
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          keys(found.map(CertificateDirectories.Found::identities).orElse(List.of())),
          new TrustManager[] {trust},
          null);
      client.sslSocketFactory(context.getSocketFactory(), trust);
    } catch (GeneralSecurityException | IOException e) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "cannot use the certificates for " + RegistryEndpoint.origin(url) + ": " + e.getMessage(),
          e);
    }
    if (!verified) {
      client.hostnameVerifier((host, session) -> true);
    }
  }

  /** All certificates of a key store that are trusted. */
  static List<X509Certificate> authorities(KeyStore store) {
    try {
      return List.of(manager(store).getAcceptedIssuers());
    } catch (GeneralSecurityException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "the key store cannot be used: " + e.getMessage(), e);
    }
  }

  private static X509TrustManager trust(List<X509Certificate> additional)
      throws GeneralSecurityException, IOException {
    KeyStore all = emptyStore();
    int number = 0;
    for (X509Certificate usual : manager(null).getAcceptedIssuers()) {
      all.setCertificateEntry("usual " + number++, usual);
    }
    for (X509Certificate more : additional) {
      all.setCertificateEntry("additional " + number++, more);
    }
    return manager(all);
  }

  /** For a store, or for what the JVM trusts. */
  private static X509TrustManager manager(@Nullable KeyStore store)
      throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509TrustManager found) {
        return found;
      }
    }
    throw new GeneralSecurityException("this JVM has no trust manager for X.509");
  }

  private static KeyManager[] keys(List<CertificateDirectories.Identity> identities)
      throws GeneralSecurityException, IOException {
    KeyStore store = emptyStore();
    int number = 0;
    for (CertificateDirectories.Identity identity : identities) {
      X509Certificate[] chain = identity.chain().toArray(X509Certificate[]::new);
      store.setKeyEntry("identity " + number++, identity.key(), NO_PASSWORD, chain);
    }
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, NO_PASSWORD);
    return factory.getKeyManagers();
  }

  private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, NO_PASSWORD);
    return store;
  }

  /** For registries that the configuration calls insecure. */
  private static final class TrustAnybody implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
