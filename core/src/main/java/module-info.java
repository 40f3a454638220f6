/** A container engine that is a library: pulls, unpacks and runs OCI containers in this process. */
module io.runcible {
  requires static transitive org.jspecify;

  // Optional, also for those who compile against this. The extension for CDI is registered in
  // META-INF/services alone: to provide it here would make its interface needed.
  requires static jakarta.cdi;
  requires static jakarta.annotation;
  requires static jakarta.inject;
  requires static microprofile.config.api;
  requires static microprofile.health.api;
  requires static jdk.jfr;
  requires static micrometer.core;
  requires aircompressor;
  requires com.fasterxml.jackson.databind;
  requires com.fasterxml.jackson.dataformat.toml;
  requires com.fasterxml.jackson.dataformat.yaml;
  requires java.naming;
  requires jdk.unsupported;
  requires okhttp3;
  requires okio;
  requires org.apache.commons.compress;
  requires org.jnrproject.ffi;
  requires org.jnrproject.jffi;
  requires org.slf4j;

  // jnr-ffi needs them and, as an automatic module, cannot say so.
  requires org.objectweb.asm.commons;
  requires org.objectweb.asm.util;

  exports io.runcible;
  exports io.runcible.archive;
  exports io.runcible.engine;
  exports io.runcible.image;
  exports io.runcible.jakarta;
  exports io.runcible.layout;
  exports io.runcible.metrics;
  exports io.runcible.network;
  exports io.runcible.registry;
  exports io.runcible.runtime;
  exports io.runcible.sandbox;
  exports io.runcible.serve;
  exports io.runcible.snapshot;
  exports io.runcible.store;
  exports io.runcible.transfer;

  uses io.runcible.image.ImageVerifier;

  // CDI makes the beans.
  opens io.runcible.jakarta;

  // Jackson reads and writes the records.
  opens io.runcible.engine to
      com.fasterxml.jackson.databind;
  opens io.runcible.network to
      com.fasterxml.jackson.databind;
  opens io.runcible.snapshot to
      com.fasterxml.jackson.databind;
  opens io.runcible.state to
      com.fasterxml.jackson.databind;
  opens io.runcible.store to
      com.fasterxml.jackson.databind;
}
