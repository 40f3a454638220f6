/** A code runner: an application for a Jakarta EE server, which runs the programs of strangers. */
@NullMarked
package io.runcible.samples.jakarta;

import org.jspecify.annotations.NullMarked;
