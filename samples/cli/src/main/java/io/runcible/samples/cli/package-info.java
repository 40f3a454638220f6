/** The command line: podman's verbs and skopeo's, on the public API. */
@NullMarked
package io.runcible.samples.cli;

import org.jspecify.annotations.NullMarked;
