package io.runcible.registry;

/** The requests that a client makes, by what they are about, over the same connections. */
record RegistryRequests(
    HttpTransport transport,
    HttpTransport.Sender sender,
    ManifestRequests manifests,
    BlobRequests blobs,
    ListRequests lists,
    ReferrerRequests referrers) {

  /** Those that carry the credentials which were given, or else are in the store. */
  static RegistryRequests of(
      HttpTransport transport, ClientSettings settings, CredentialStore store) {
    CredentialStore known = settings.explicitBefore(store);
    HttpTransport.Sender sender = new TokenAuthenticator(transport, known, settings.clock())::send;
    ManifestRequests manifests = new ManifestRequests(transport, sender);
    return new RegistryRequests(
        transport,
        sender,
        manifests,
        new BlobRequests(transport, sender, settings.blobs()),
        new ListRequests(transport, sender),
        new ReferrerRequests(transport, sender, manifests));
  }

  /** Ends the connections and the streams of blobs. */
  void close() {
    transport.close();
    blobs.abort();
  }
}
