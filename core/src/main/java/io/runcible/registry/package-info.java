/**
 * A client of registries that follow the OCI distribution specification 1.1.
 *
 * <p>A {@link io.runcible.registry.RegistryClient} is a source and a sink of images:
 *
 * <pre>{@code
 * ImageReference reference = ImageReference.parse("registry.example/team/app:1.4");
 * try (RegistryClient registry = RegistryClient.create()) {
 *   Image image = Image.resolve(registry, reference, Platform.host());
 *   for (Layer layer : image.layers()) {
 *     try (InputStream bytes = layer.compressed()) {
 *       ...
 *     }
 *   }
 * }
 * }</pre>
 *
 * <p><b>Where requests go.</b> A client heeds what the host says in registries.conf and certs.d
 * ({@link io.runcible.registry.RegistryConfiguration}): an image may be read from a mirror or from
 * another location, under an effective name, and what is blocked is refused. A registry is spoken
 * to over HTTPS. The exceptions are loopback addresses, what {@link
 * io.runcible.registry.RegistryClient.Builder#plainHttp} names, and what the configuration calls
 * insecure: there TLS is tried first, with any certificate, and then plain HTTP. There is no other
 * way to plain HTTP, and none back: a redirect from HTTPS to HTTP is refused. Proxies are those of
 * {@link io.runcible.registry.ProxySettings}, by default of the environment and the JVM.
 *
 * <pre>{@code
 * RegistryConfiguration host = RegistryConfiguration.host();
 * ImageReference reference = host.resolve("app");  // heeds the host's aliases
 * try (RegistryClient registry = RegistryClient.builder().registries(host).build()) {
 *   registry.login("registry.example", Credentials.basic(user, password));
 *   Descriptor image = registry.resolve(reference);
 * }
 * }</pre>
 *
 * <p><b>Credentials</b> are looked for only when a registry asks for them, under the effective
 * name: first those given to {@link io.runcible.registry.RegistryClient.Builder#credentials(String,
 * Credentials)}, then a {@link io.runcible.registry.CredentialStore}, which by default reads the
 * files of Docker and of Podman ({@link io.runcible.registry.DockerCredentials}), where a login is
 * kept, too. They are sent to the registry they are for and to the token server that it names
 * first, and dropped on a redirect to any other host. A token server on another host gets them over
 * HTTPS only, and a registry that names a different one later gets an error. A client certificate
 * is shown to the host and port that its directory is named after.
 *
 * <p><b>Deleting.</b> A manifest takes along every tag that points at it. So it is deleted only
 * when all of them are named, which a look shows first:
 *
 * <pre>{@code
 * Digest digest = registry.resolve(reference).digest();
 * List<String> tags = registry.tagsOf(reference, digest);
 * registry.delete(reference.withDigest(digest), tags);
 * }</pre>
 *
 * <p><b>Referrers</b>, such as signatures, are manifests with a subject. The client lists them and
 * keeps the list under the tag {@code sha256-…} where a registry keeps none.
 *
 * <p><b>Bad networks.</b> Failed connections and transient answers are tried again with growing
 * pauses, or the pause that the registry asks for. A blob that is cut off goes on where it stopped,
 * also when a large one is pushed. A thread that is interrupted gets {@link
 * io.runcible.ErrorKind#CANCELLED} at once, and stays interrupted.
 */
@NullMarked
package io.runcible.registry;

import org.jspecify.annotations.NullMarked;
