/** A container engine that is a library: pulls, unpacks and runs OCI containers in this process. */
module io.runcible {
  requires static transitive org.jspecify;
  requires org.slf4j;
  requires org.jnrproject.ffi;
  requires com.fasterxml.jackson.databind;

  exports io.runcible;
  exports io.runcible.runtime;

  // jnr-ffi implements the native interface by reflection.
  opens io.runcible.ffi;
}
