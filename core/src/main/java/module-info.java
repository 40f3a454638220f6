/** A container engine that is a library: pulls, unpacks and runs OCI containers in this process. */
module io.runcible {
  requires static transitive org.jspecify;
  requires org.slf4j;

  exports io.runcible;
}
