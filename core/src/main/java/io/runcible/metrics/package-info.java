/**
 * The metrics of an engine for Micrometer, which is an optional dependency: nothing else needs this
 * package.
 *
 * <pre>{@code
 * new ContainerEngineMetrics(engine).bindTo(registry);
 * }</pre>
 */
@NullMarked
package io.runcible.metrics;

import org.jspecify.annotations.NullMarked;
