/**
 * What a container sees of the network: nothing, the host's, a user's, or bridge networks; and the
 * ports that the host publishes for it.
 *
 * <p>A {@link io.runcible.network.Network} in a container's spec names what it is on, and a {@link
 * io.runcible.network.NetworkSpec} describes a bridge network to be made; engines offer both.
 * {@link io.runcible.network.Network#BRIDGE} needs no making:
 *
 * <pre>{@code
 * engine.networks().create(NetworkSpec.builder("backend").internal().build());
 * engine.run(
 *     ContainerSpec.builder("postgres:16")
 *         .network(Network.named("backend").withAlias("db"))
 *         .build());
 * engine.run(
 *     ContainerSpec.builder("shop")
 *         .network(Network.BRIDGE, Network.named("backend"))
 *         .build());
 * }</pre>
 *
 * <p>Containers on a network find each other by id, host name and alias. The names are in each
 * container's {@code /etc/hosts}, from the making of a container to its removal; several containers
 * of one name are several lines. So names resolve in an image without any tool, and go on to when
 * the process that made them is gone.
 *
 * <p>Bridge networks need {@code nft} (Debian: nftables). Those of an ordinary user are in a
 * network namespace that its engines share, and nothing on the host changes; pasta or slirp4netns
 * is their way out. Those of root are on the host. Each has a bridge and a table of the packet
 * filter of its own, which are made when the first container uses it and removed when neither a
 * container nor an engine that used it is left. Packets leave with the host's address (masquerade),
 * for which the kernel's {@code ip_forward} and, with an IPv6 subnet, {@code
 * net.ipv6.conf.all.forwarding} are switched on, and stay on. Where the table {@code filter} has a
 * chain {@code FORWARD}, as Docker, ufw and iptables make it, a network has two marked rules there
 * while it is up, and the same in the tables of {@code iptables-legacy}; a firewall that is started
 * later has to be told itself.
 *
 * <p>Ports are published on any network but the host's:
 *
 * <pre>{@code
 * ContainerSpec.builder("redis:7").publish(6379)
 * ContainerSpec.builder("web").publish(PortBinding.tcp(80).withHostPort(8080))
 * PortBinding.parse("0.0.0.0:5353:53/udp").forEach(spec::publish);
 * }</pre>
 *
 * <p>A published port is taken before the container starts, and {@code Container.hostAddress} says
 * where it is.
 */
@NullMarked
package io.runcible.network;

import org.jspecify.annotations.NullMarked;
