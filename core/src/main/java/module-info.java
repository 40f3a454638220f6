/** A container engine that is a library: pulls, unpacks and runs OCI containers in this process. */
module io.runcible {
  requires static transitive org.jspecify;
  requires com.fasterxml.jackson.databind;
  requires jdk.httpserver;
  requires okhttp3;
  requires okio;
  requires org.apache.commons.compress;
  requires org.jnrproject.ffi;
  requires org.slf4j;

  exports io.runcible.archive;
  exports io.runcible.image;
  exports io.runcible.layout;
  exports io.runcible.registry;
  exports io.runcible.runtime;
  exports io.runcible.serve;
  exports io.runcible;

  // jnr-ffi implements the native interface by reflection.
  opens io.runcible.ffi;
}
