package io.runcible.engine;

import io.runcible.ffi.PipePump;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.ProcessWatcher;
import io.runcible.network.BridgeNetworks;
import io.runcible.network.PortForwarder;
import io.runcible.runtime.HostLimits;
import io.runcible.runtime.OciRuntime;
import io.runcible.snapshot.Snapshotter;
import io.runcible.state.Journal;
import java.nio.file.Path;
import java.util.concurrent.ThreadFactory;

/**
 * What the containers of one engine share; the engine owns it all.
 *
 * @param host where privileged work happens
 * @param runtime what runs containers
 * @param limits what this host can do
 * @param snapshotter unpacked layers
 * @param watcher hears of processes that end
 * @param watchdog ends the containers when this process ends
 * @param networks the bridge networks
 * @param volumes the volumes
 * @param forwarder publishes ports
 * @param pump reads the output that goes to logs in the format of Kubernetes
 * @param journal what has to be undone
 * @param threads makes the daemon threads of the engine
 * @param tasks what the engine does by itself
 * @param images the images
 * @param containers the directory with one directory for each container
 */
record EngineParts(
    PrivilegedHost host,
    OciRuntime runtime,
    HostLimits limits,
    Snapshotter snapshotter,
    ProcessWatcher watcher,
    Watchdog watchdog,
    BridgeNetworks networks,
    VolumeStore volumes,
    PortForwarder forwarder,
    PipePump pump,
    Journal journal,
    ThreadFactory threads,
    EngineTasks tasks,
    Images images,
    Path containers) {}
