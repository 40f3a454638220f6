/**
 * What a container sees of the network, and the ports that the host publishes for it.
 *
 * <pre>{@code
 * ContainerSpec.builder("redis:7").publish(6379)
 * ContainerSpec.builder("web").publish(PortBinding.tcp(80).withHostPort(8080))
 * PortBinding.parse("0.0.0.0:5353:53/udp").forEach(spec::publish);
 * }</pre>
 *
 * A published port is taken before the container starts, and {@code Container.hostAddress} says
 * where it is.
 */
@NullMarked
package io.runcible.network;

import org.jspecify.annotations.NullMarked;
